"""Writers that race for one network over REST, on the deployed local cloud: no answer may be wrong.

Each call names what it may be answered. What nobody else touches has one right answer; what others
may delete, block or re-issue meanwhile has theirs besides, and nothing more. A 503 `busy` that says
when to come back is counted apart.
"""

import base64
import os
import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Floor, Group, Say

ANSWERS = 1_000
AT_MOST_S = 900.0
OPERATORS, HOSTS = 6, 3
CONTESTED = 5  # peers that everybody renames, blocks, re-issues and deletes: few, so that they meet
CALL_S = 60.0
ASSERTED_S = 60
SESSIONS = 4  # that an agent tries to say one thing with
HOST = {"hostname": "bench", "os": "linux", "agent_version": "0"}

GONE, BLOCKED = "404 peer_not_found", "409 peer_blocked"
BUSY = "503 busy"
SPENT = "401 enrollment_token_invalid"  # its peer was deleted, or re-issued once more
ENDED = "401 unauthenticated"  # a re-issue ends the sessions before it, when it is delivered

BARS = (Bar("race_wrong_answers", 0), Floor("race_answers", ANSWERS))


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        _, tally = race(stack.info, ANSWERS, AT_MOST_S)
    for answer in tally.wrong:
        say(f"wrong: {answer}")
    return [
        Figure("race_wrong_answers", len(tally.wrong), "answers", tally.answers),
        Figure("race_busy_answers", tally.busy, "answers", tally.answers),
        Figure("race_answers", tally.answers, "answers", tally.answers),
    ]


GROUP = Group("answers to writers that race for one network", measure, BARS)


@dataclass
class Tally:
    """What was answered. `said`: how often each call was answered how."""

    wrong: list[str] = field(default_factory=list)
    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    @property
    def answers(self) -> int:
        return self.said.total()

    @property
    def busy(self) -> int:
        return sum(times for (_, said), times in self.said.items() if said == BUSY)

    def add(self, call: str, said: str, is_right: bool, detail: str) -> None:
        with self.lock:
            self.said[call, said] += 1
            if not is_right:
                self.wrong.append(f"{call}: {said} {detail}")


@dataclass
class Caller:
    """One writer's way to the API. `said`: the last answer, as status and code."""

    api_url: str
    token: str
    tally: Tally
    http: requests.Session = field(default_factory=requests.Session)
    said: str = ""

    def __post_init__(self) -> None:
        self.http.trust_env = False  # loopback is reached by no proxy

    def ask(
        self,
        call: str,
        method: str,
        path: str,
        body: object = None,
        *,
        may: Iterable[str],
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a call and hold its answer against what it may be; answers the body of a success, else None."""
        sent = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        try:
            answer = self.http.request(method, self.api_url + path, json=body, headers=sent, timeout=CALL_S)
        except requests.RequestException as error:
            self.tally.add(call, "no answer", is_right=False, detail=str(error))
            return None
        self.said = str(answer.status_code) if answer.ok else f"{answer.status_code} {_code(answer)}"
        waits = self.said == BUSY and "Retry-After" in answer.headers
        self.tally.add(call, self.said, waits or self.said in may, answer.text[:200])
        if not answer.ok:
            return None
        return answer.json() if answer.content else {}


def _code(answer: requests.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "without a code"


class Contested:
    """The peers that everybody writes; who picks one may find that another deleted it."""

    def __init__(self) -> None:
        self._peers: dict[str, str] = {}
        self._lock = Lock()

    def add(self, peer: Mapping[str, str]) -> None:
        with self._lock:
            self._peers[peer["id"]] = peer["kind"]

    def drop(self, peer_id: str) -> None:
        with self._lock:
            self._peers.pop(peer_id, None)

    def pick(self, chance: random.Random, kind: str | None = None) -> str | None:
        with self._lock:
            found = sorted(peer_id for peer_id, known in self._peers.items() if kind in (None, known))
        return chance.choice(found) if found else None

    def __len__(self) -> int:
        return len(self._peers)


@dataclass
class Arena:
    """The network of the race. `anchor`: a peer that nobody changes, whose name, key, address and CIDR are taken.
    `hosts`: peers of the machines that take part, which nobody deletes or re-issues but they."""

    network: str
    cidr: str
    anchor: Mapping[str, Any]
    hosts: list[str]
    contested: Contested = field(default_factory=Contested)
    numbers: "count[int]" = field(default_factory=count)

    def name(self) -> str:
        return f"racer {next(self.numbers)}"

    def behind(self) -> str:
        """A CIDR that nobody else asks for."""
        number = next(self.numbers)
        return f"192.168.{number // 64 % 255}.{number % 64 * 4}/30"


def race(info: Mapping[str, str], answers: int, at_most_s: float) -> tuple[Arena, Tally]:
    """Race until so many answers came, or the time is up."""
    tally, deadline = Tally(), time.monotonic() + at_most_s
    arena = _arena(Caller(info["api_url"], info["api_token"], Tally()))

    def goes_on() -> bool:
        return tally.answers < answers and time.monotonic() < deadline

    def run(writer: "Operator | Machine") -> None:
        while goes_on():
            writer.act()

    def caller() -> Caller:
        return Caller(info["api_url"], info["api_token"], tally)

    writers: list[Operator | Machine] = [Operator(caller(), arena, random.Random(seed)) for seed in range(OPERATORS)]
    writers += [Machine(caller(), peer_id, arena.network) for peer_id in arena.hosts]
    with ThreadPoolExecutor(len(writers)) as pool:
        list(pool.map(run, writers))
    return arena, tally


def _arena(operator: Caller) -> Arena:
    """Made before the race; any refusal ends it."""

    def made(method: str, path: str, body: object = None) -> Any:
        found = operator.ask("setting up", method, path, body, may=("200", "201"))
        if operator.tally.wrong or found is None:
            raise RuntimeError(f"the race could not be set up: {method} {path}: {dict(operator.tally.said)}")
        return found

    cidr = made("GET", "/ipam/suggestions?base=10.64.0.0/10&peers=4000&count=1")["items"][0]
    network = f"/networks/{made('POST', '/networks', {'name': f'race-{uuid.uuid4().hex[:8]}', 'cidr': cidr})['id']}"

    def enrolled(**peer: object) -> dict[str, Any]:
        created = made("POST", f"{network}/peers", peer)
        body = {"token": created["enrollment_token"], "device_key": a_key(), "public_key": a_key(), "host": HOST}
        made("POST", "/agent/enroll", body)
        return {**created["peer"], "public_key": body["public_key"]}

    enrolled(kind="jump", name="hub", endpoint="198.51.100.1")
    anchor = enrolled(kind="dynamic", name="anchor", additional_allowed_ips=["192.168.255.0/24"])
    hosts = [enrolled(kind="dynamic", name=f"host {number}")["id"] for number in range(HOSTS)]
    return Arena(network, cidr, anchor, hosts)


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@dataclass
class Operator:
    """Does at random what people do in the console."""

    caller: Caller
    arena: Arena
    chance: random.Random

    def act(self) -> None:
        if len(self.arena.contested) < CONTESTED:
            self.create()
            return
        self.chance.choice(ACTS)(self)

    def create(self) -> None:
        is_static = self.chance.random() < 0.3
        body = {"kind": "static", "public_key": a_key()} if is_static else {"kind": "dynamic"}
        created = self._create({**body, "name": self.arena.name()}, "201")
        if created is not None:
            self.arena.contested.add(created["peer"])

    def create_with_taken_name(self) -> None:
        self._create({"kind": "dynamic", "name": "anchor"}, "409 name_in_use")

    def create_with_taken_key(self) -> None:
        taken = self.arena.anchor["public_key"]
        self._create({"kind": "static", "name": self.arena.name(), "public_key": taken}, "409 key_in_use")

    def create_with_taken_address(self) -> None:
        taken = self.arena.anchor["address"]
        self._create({"kind": "dynamic", "name": self.arena.name(), "address": taken}, "409 address_in_use")

    def rename(self) -> None:
        self._patch({"name": self.arena.name()}, "200")

    def rename_to_taken(self) -> None:
        self._patch({"name": "anchor"}, "409 name_in_use")

    def rename_what_was_seen(self) -> None:
        """As the console does: with the ETag of what it shows."""
        peer_id = self._any()
        seen = self.caller.ask("see", "GET", self._of(peer_id), may=("200", GONE))
        if seen is not None:
            self._patch({"name": self.arena.name()}, "200", "412 stale", peer_id=peer_id, tag=seen["revision"])

    def rename_what_is_stale(self) -> None:
        self._patch({"name": self.arena.name()}, "412 stale", tag=1)

    def route(self) -> None:
        self._patch({"additional_allowed_ips": [self.arena.behind()]}, "200", kind="dynamic")

    def route_what_is_taken(self) -> None:
        self._patch({"additional_allowed_ips": ["192.168.255.0/24"]}, "409 cidr_in_use", kind="dynamic")

    def delete(self) -> None:
        peer_id = self._any()
        if self.caller.ask("delete", "DELETE", self._of(peer_id), may=("204", GONE)) is not None:
            self.arena.contested.drop(peer_id)

    def block(self) -> None:
        self._post("block", self._any(), "200", GONE)

    def unblock(self) -> None:
        self._post("unblock", self._any(), "200", GONE)

    def block_a_host(self) -> None:
        """For a moment: its machine goes on meanwhile."""
        host = self.chance.choice(self.arena.hosts)
        self._post("block", host, "200")
        self._post("unblock", host, "200")

    def rename_a_host(self) -> None:
        self._patch({"name": self.arena.name()}, "200", peer_id=self.chance.choice(self.arena.hosts))

    def demand_a_key(self) -> None:
        host = self.chance.choice(self.arena.hosts)
        self._post("rotate-key", host, "200", BLOCKED, "409 peer_not_enrolled")  # its machine may have left

    def reissue(self) -> None:
        self._post("reissue", self._any("static"), "200", GONE, BLOCKED, body={"public_key": a_key()})

    def reissue_with_taken_key(self) -> None:
        taken = {"public_key": self.arena.anchor["public_key"]}
        self._post("reissue", self._any("static"), "409 key_in_use", GONE, BLOCKED, body=taken)

    def enroll(self) -> None:
        self._enroll(a_key(), "200")

    def enroll_with_taken_key(self) -> None:
        self._enroll(self.arena.anchor["public_key"], "409 key_in_use")

    def change_the_network(self) -> None:
        body = {"dns": [f"192.0.2.{self.chance.randrange(1, 255)}"]}
        self.caller.ask("change network", "PATCH", self.arena.network, body, may=("200",))

    def renew_preshared_keys(self) -> None:
        self.caller.ask("rotate-psk", "POST", f"{self.arena.network}/rotate-psk", may=("200",))

    def overlap(self) -> None:
        body = {"name": f"other-{uuid.uuid4().hex[:8]}", "cidr": self.arena.cidr}
        self.caller.ask("overlap", "POST", "/networks", body, may=("409 network_overlap",))

    def come_and_go(self) -> None:
        """A network of one's own: nobody else may be in its way, though all share one directory."""
        number = next(self.arena.numbers)
        body = {"name": f"own-{uuid.uuid4().hex[:8]}", "cidr": f"10.63.{number // 64 % 256}.{number % 64 * 4}/30"}
        made = self.caller.ask("create network", "POST", "/networks", body, may=("201",))
        if made is not None:
            self.caller.ask("delete network", "DELETE", f"/networks/{made['id']}", may=("204",))

    def _create(self, body: Mapping[str, object], *may: str) -> Any:
        call = f"create, {may[0]}"
        return self.caller.ask(call, "POST", f"{self.arena.network}/peers", body, may=may)

    def _patch(
        self,
        body: Mapping[str, object],
        *may: str,
        peer_id: str | None = None,
        tag: int | None = None,
        kind: str | None = None,
    ) -> None:
        headers = {} if tag is None else {"If-Match": f'"{tag}"'}
        path = self._of(peer_id or self._any(kind))
        self.caller.ask(f"patch {next(iter(body))}, {may[0]}", "PATCH", path, body, may=(*may, GONE), headers=headers)

    def _post(self, action: str, peer_id: str, *may: str, body: Mapping[str, object] | None = None) -> Any:
        return self.caller.ask(action, "POST", f"{self._of(peer_id)}/{action}", body, may=may)

    def _enroll(self, public_key: str, *may: str) -> None:
        """Re-issue a token, and use it on another machine."""
        reissued = self._post("enrollment-token", self._any("dynamic"), "201", GONE)
        if reissued is not None:
            body = {"token": reissued["enrollment_token"], "device_key": a_key(), "public_key": public_key}
            call = f"enroll, {may[0]}"
            self.caller.ask(call, "POST", "/agent/enroll", {**body, "host": HOST}, may=(*may, SPENT))

    def _any(self, kind: str | None = None) -> str:
        """One that is contested; without any such, one that was never there."""
        return self.arena.contested.pick(self.chance, kind) or "dyn_never"

    def _of(self, peer_id: str) -> str:
        return f"{self.arena.network}/peers/{peer_id}"


ACTS: tuple[Callable[[Operator], None], ...] = (
    Operator.create,
    Operator.create_with_taken_name,
    Operator.create_with_taken_key,
    Operator.create_with_taken_address,
    Operator.rename,
    Operator.rename_to_taken,
    Operator.rename_what_was_seen,
    Operator.rename_what_is_stale,
    Operator.route,
    Operator.route_what_is_taken,
    Operator.delete,
    Operator.delete,
    Operator.block,
    Operator.unblock,
    Operator.block_a_host,
    Operator.rename_a_host,
    Operator.demand_a_key,
    Operator.reissue,
    Operator.reissue_with_taken_key,
    Operator.enroll,
    Operator.enroll_with_taken_key,
    Operator.change_the_network,
    Operator.renew_preshared_keys,
    Operator.overlap,
    Operator.come_and_go,
)


@dataclass
class Machine:
    """Enrols, rotates its key twice, leaves, and again as another machine."""

    caller: Caller
    peer_id: str
    network: str

    def act(self) -> None:
        where = f"{self.network}/peers/{self.peer_id}/enrollment-token"
        reissued = self.caller.ask("enrollment-token of a host", "POST", where, may=("201",))
        if reissued is None:
            return
        device, key = Ed25519PrivateKey.generate(), a_key()
        device_key = base64.b64encode(device.public_key().public_bytes_raw()).decode()
        body = {"token": reissued["enrollment_token"], "device_key": device_key, "public_key": key, "host": HOST}
        enrolled = self.caller.ask("enroll a host", "POST", "/agent/enroll", body, may=("200",))
        if enrolled is None:
            return
        agent = Agent(self.caller, enrolled, device)
        for following in (a_key(), a_key()):
            agent.ask("keys", {"public_key": key, "next_key": following}, "200", BLOCKED)
            agent.ask("keys", {"public_key": following}, "200", BLOCKED)
            key = following
        agent.ask("leave", {"device_key": device_key}, "204")


@dataclass
class Agent:
    """What runs on a machine that has enrolled."""

    caller: Caller
    enrolled: Mapping[str, str]
    device: Ed25519PrivateKey
    session: str = ""

    def ask(self, action: str, body: Mapping[str, object], *may: str) -> None:
        """With a session, and with another when that has ended."""
        for _ in range(SESSIONS):
            if self.session:
                self.caller.ask(action, "POST", f"/agent/{action}", body, may=(*may, ENDED), token=self.session)
                if self.caller.said != ENDED:
                    return
            self.session = self._opened()

    def _opened(self) -> str:
        now = int(time.time())
        claims = {"sub": self.enrolled["peer_id"], "network_id": self.enrolled["network_id"], "aud": "wirety"}
        times = {"iat": now, "exp": now + ASSERTED_S, "jti": uuid.uuid4().hex}
        assertion = jwt.encode({**claims, **times}, self.device, algorithm="EdDSA")
        opened = self.caller.ask("session", "POST", "/agent/session", {"assertion": assertion}, may=("200",))
        return "" if opened is None else str(opened["session"])
