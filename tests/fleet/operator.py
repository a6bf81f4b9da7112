"""Somebody who changes a network in every way the API offers, by numbers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from tests.builders import a_key
from tests.rest_function import Answer

LANS = ("192.168.1.0/24", "192.168.2.0/24", "172.20.0.0/16")
TAGS: tuple[list[str], ...] = ([], ["web"], ["web", "db"])
RULES: tuple[list[dict[str, object]], ...] = (
    [],
    [{"source": "*", "destination": "tag:web", "action": "deny"}],
    [
        {"source": "tag:web", "destination": "192.168.1.0/24", "action": "allow", "protocol": "tcp", "ports": ["443"]},
        {"source": "*", "destination": "*", "action": "deny"},
    ],
)
MOST_PEERS = 10
MOST_JUMPS = 3
FINE = frozenset({200, 201, 204, 404, 409, 422})


@dataclass
class Operator:
    """`api` calls it as an administrator: method, path, body. `tokens`: of peers whose agent has not enrolled
    with it yet. Acts take two numbers and choose by them."""

    api: Callable[[str, str, object], Answer]
    network: str
    tokens: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def create_dynamic(self, a: int, b: int) -> None:
        self._create("dynamic", a, b)

    def create_static(self, a: int, b: int) -> None:
        self._create("static", a, b, public_key=self._key())

    def create_jump(self, a: int, b: int) -> None:
        if len(self._peers("jmp_")) < MOST_JUMPS:
            self._create("jump", a, 1, endpoint=f"198.51.100.{self._next()}")

    def create_several(self, a: int, b: int) -> None:
        peers = [
            {"kind": "static", "name": f"bulk {self._next()}", "public_key": self._key(), "tags": _of(TAGS, a)},
            {"kind": "static", "name": f"bulk {self._next()}", "public_key": self._key()},
        ]
        self._call("POST", "/peers/bulk", {"peers": peers})

    def delete(self, a: int, b: int) -> None:
        self._on_one(a, "DELETE", "?force=true" if b % 2 else "")

    def block(self, a: int, b: int) -> None:
        self._on_one(a, "POST", "/block")

    def unblock(self, a: int, b: int) -> None:
        self._on_one(a, "POST", "/unblock")

    def reissue_token(self, a: int, b: int) -> None:
        """The peer may move to another machine; the one it runs on has to go."""
        peer_id = _of(self._peers("jmp_", "dyn_"), a)
        if peer_id is not None:
            answer = self._call("POST", f"/peers/{peer_id}/enrollment-token")
            if answer.status == 201:
                self.tokens[peer_id] = answer.json["enrollment_token"]

    def reissue_file(self, a: int, b: int) -> None:
        peer_id = _of(self._peers("sta_"), a)
        if peer_id is not None:
            self._call("POST", f"/peers/{peer_id}/reissue", {"public_key": self._key()} if b % 2 else {})

    def put_a_lan_behind(self, a: int, b: int) -> None:
        lans = [_of(LANS, b)] if b % 2 else []
        self._on_one(a, "PATCH", "", {"additional_allowed_ips": lans})

    def change_any(self, a: int, b: int) -> None:
        """What every kind of peer has."""
        fields: list[dict[str, object]] = [
            {"name": f"renamed {self._next()}"},
            {"listen_port": 51000 + b},
            {"persistent_keepalive": b or None},
            {"mtu": 1300 + b},
            {"tags": _of(TAGS, b)},
            {"metadata": {"rack": str(b)}},
        ]
        self._on_one(a, "PATCH", "", _of(fields, b))

    def change_jump(self, a: int, b: int) -> None:
        peer_id = _of(self._peers("jmp_"), a)
        fields: list[dict[str, object]] = [
            {"endpoint": f"hub-{b}.example.com"},
            {"routed_cidrs": list(LANS[:1])},
            {"published_port": 443 if b % 2 else None},
        ]
        if peer_id is not None:
            self._call("PATCH", f"/peers/{peer_id}", _of(fields, b))

    def change_regular(self, a: int, b: int) -> None:
        peer_id = _of(self._peers("dyn_", "sta_"), a)
        fields: list[dict[str, object]] = [
            {"is_isolated": b % 4 < 2},
            {"full_encapsulation": b % 4 < 2},
            {"dns": [f"9.9.9.{b % 8}"]},
            {"preferred_jump_id": _of([None, *self._peers("jmp_")], b // 4)},
        ]
        if peer_id is not None:
            self._call("PATCH", f"/peers/{peer_id}", _of(fields, a))

    def replace_rules(self, a: int, b: int) -> None:
        named = _of(self._peers(""), a)
        rules = [*(_of(RULES, b) or [])]
        if b % 2 and named is not None:
            rules.insert(0, {"source": f"peer:{named}", "destination": "*", "action": "deny"})
        self._call("PUT", "/acl", {"rules": rules})

    def change_settings(self, a: int, b: int) -> None:
        fields: list[dict[str, object]] = [
            {"dns": [f"9.9.9.{b}"]},
            {"domain": f"d{b}.internal"},
            {"name": f"lab-{b}"},
            {"cidr_v6": None if b % 2 else f"fd00:{b:x}::/64"},
        ]
        self._call("PATCH", "", _of(fields, a))

    def grow(self, a: int, b: int) -> None:
        before = self._call("GET", "")
        if before.status == 200:
            cidr = ip_network(before.json["cidr"])
            larger = cidr.supernet()
            if cidr.prefixlen > 20 and larger.network_address == cidr.network_address:
                self._call("PATCH", "", {"cidr": str(larger)})

    def move(self, a: int, b: int) -> None:
        self._call("PATCH", "", {"cidr": f"10.{b}.0.0/24"})

    def reserve(self, a: int, b: int) -> None:
        span = {"first": f"10.0.0.{200 + a % 20}", "last": f"10.0.0.{220 + b % 20}"}
        self._call("POST", "/reservations", span)

    def _create(self, kind: str, a: int, b: int, **fields: object) -> None:
        if len(self._peers("")) >= MOST_PEERS:
            return
        body: dict[str, object] = {"kind": kind, "name": f"p {self._next()}", "tags": _of(TAGS, a), **fields}
        if kind != "jump":
            body |= {"is_isolated": b % 5 == 0, "full_encapsulation": b % 7 == 0}
        if b % 3 == 0:
            body["additional_allowed_ips"] = [_of(LANS, b)]
        answer = self._call("POST", "/peers", body)
        if answer.status == 201 and kind != "static":
            self.tokens[answer.json["peer"]["id"]] = answer.json["enrollment_token"]

    def _on_one(self, a: int, method: str, path: str, body: object = None) -> None:
        peer_id = _of(self._peers(""), a)
        if peer_id is not None:
            self._call(method, f"/peers/{peer_id}{path}", body)

    def _call(self, method: str, path: str, body: object = None) -> Answer:
        answer = self.api(method, f"/networks/{self.network}{path}", body)
        assert answer.status in FINE, answer.text
        return answer

    def _peers(self, *prefixes: str) -> list[str]:
        answer = self._call("GET", "/peers?limit=200")
        ids = [str(peer["id"]) for peer in answer.json["items"]] if answer.status == 200 else []
        return sorted(known for known in ids if known.startswith(prefixes))

    def _key(self) -> str:
        return a_key(f"operator {self._next()}")

    def _next(self) -> int:
        self._count += 1
        return self._count


Act = Callable[[Operator, int, int], None]
ACTS: tuple[Act, ...] = (
    Operator.create_dynamic,
    Operator.create_static,
    Operator.create_jump,
    Operator.create_several,
    Operator.delete,
    Operator.block,
    Operator.unblock,
    Operator.reissue_token,
    Operator.reissue_file,
    Operator.put_a_lan_behind,
    Operator.change_any,
    Operator.change_jump,
    Operator.change_regular,
    Operator.replace_rules,
    Operator.change_settings,
    Operator.grow,
    Operator.move,
    Operator.reserve,
)


def _of(choices: Any, number: int) -> Any:
    """One of some, None of none."""
    return choices[number % len(choices)] if len(choices) else None
