"""Generated requests, made such that the deployed API takes them seriously: real ids, tokens, values and versions."""

import base64
import hashlib
import json
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import requests
import schemathesis
from hypothesis import core as hypothesis_core
from hypothesis.vendor import pretty
from schemathesis import Case, HookContext, Response
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok
from schemathesis.generation.meta import CoveragePhaseData

from tests.stack.client import Operator, SocketAgent, a_random_key

# schemathesis 4.32 takes the values out of every property test's report, here and elsewhere: until its
# schemathesis/generation/hypothesis/__init__.py does not
vars(hypothesis_core)["RepresentationPrinter"] = pretty.RepresentationPrinter

Operation = schemathesis.APIOperation[Any, Any, Any, Any]

TIMEOUT_S = 30
OTHER_ROLES = ("operator", "auditor", "member")  # what is tried, is tried as the administrator first
TRIED_AS_ANOTHER = 4  # one in so many
NO_IDS: Mapping[str, str] = {}
SEED = 1
EXAMPLES = 20
SEVERAL = 3  # items of a list that makes sense: what is made stays small, and every request fast
METHODS = {"get", "post", "put", "patch", "delete", "options"}  # what the CDN hands on; HEAD is GET without a body

# What the content of a case decides, so that the same content is always sent the same way.
IDS_OF_NOBODY, PARENT_AT_HOME, MADE, WAYS_TO_ADDRESS = 0, 1, (2, 3, 4), 8  # the other three: at home
AS_GENERATED, WAYS_TO_FILL = 0, 4  # the other three: every known field makes sense; so do the headers


def loaded(url: str) -> schemathesis.BaseSchema:
    """The contract that a deployment serves at `url`, to be tried the same way every time.

    A failing example is not made smaller: that takes many requests, and each changes what is stored.
    """
    config = schemathesis.Config(seed=SEED)
    config.projects.default.generation.update(
        max_examples=EXAMPLES, deterministic=True, no_shrink=True, database="none", with_security_parameters=False
    )
    config.projects.default.phases.coverage.unexpected_methods = METHODS
    schema = schemathesis.openapi.from_url(url, config=config)
    tried: set[tuple[str, str]] = set()

    @schema.hook
    def filter_case(_context: HookContext, case: Case[Any]) -> bool:
        """Of the cases that are listed, not drawn, keep one of each kind: a union of shapes has hundreds.

        A GET with a body ends at the CDN, which knows no problems.
        """
        if case.method == "GET" and case.body is not NOT_SET:
            return False
        if case.meta is None or not isinstance(case.meta.phase.data, CoveragePhaseData):
            return True
        kind = (case.operation.label, case.meta.phase.data.description)
        is_new = kind not in tried
        tried.add(kind)
        return is_new

    return schema


def operations(schema: schemathesis.BaseSchema) -> list[Operation]:
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@dataclass
class Deployment:
    """A network of its own, with peers, and all that the run makes besides.

    It stays when the run ends: to delete it all at once would busy the queue for whoever comes next.

    `paths`: those of the contract. `home`: what stays during the run, by the path parameter that
    takes its id. `made`: path parameters of what the API created; DELETE gets no other real id.
    `answered`: statuses by operation. `accepted`: bodies by operation, each with other fields.
    """

    operator: Operator
    paths: list[str]
    home: dict[str, str] = field(default_factory=dict)
    made: list[dict[str, str]] = field(default_factory=list)
    answered: dict[str, set[int]] = field(default_factory=dict)
    accepted: dict[str, dict[frozenset[str], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        created = self.operator.call("POST", "/networks", {"name": "contract", "cidr": "172.16.0.0/20"})
        assert created.status_code == 201, created.text
        self.home["network_id"] = created.json()["id"]
        self.hub = self._enrolled("198.51.100.1")
        phone = self.operator.peer(self.home["network_id"], kind="static", name="phone", public_key=a_random_key())
        self.home["peer_id"] = phone["peer"]["id"]
        self.agent = self._enrolled("198.51.100.2")  # in no path: nothing that is tried takes its session away
        assert self.agent.open_session().status_code == 200
        self.narrowed = {role: self._token(role) for role in OTHER_ROLES}

    def send(self, case: Case[Any]) -> Response:
        """Send a case with as much of it made real as its content says."""
        choice = _of_content(case)
        case.path_parameters = {**case.path_parameters, **self._ids(case, choice)}  # several cases share the dict
        if choice // 64 % WAYS_TO_FILL != AS_GENERATED:
            case.query = self.sensible(case.query, choice)
            case.body = self.sensible(case.body, choice)
        answer = case.call(headers=self._headers(case, choice), timeout=TIMEOUT_S)
        self._learn(case, answer)
        return answer

    def send_as_another(self, case: Case[Any]) -> tuple[str, Response] | None:
        """Send a case that was sent again, one in four by its content, as a role that sees one network only; the role,
        and its answer. None: it is one that nobody signs in for, or was left out."""
        choice = _of_content(case)
        if choice % TRIED_AS_ANOTHER or "x-roles" not in case.operation.definition.raw:
            return None
        role = OTHER_ROLES[choice // TRIED_AS_ANOTHER % len(OTHER_ROLES)]
        headers = {**self._headers(case, choice), "Authorization": f"Bearer {self.narrowed[role]}"}
        headers.pop("Idempotency-Key", None)
        return role, case.call(headers=headers, timeout=TIMEOUT_S)

    def ask(
        self, operation: Operation, query: str = "", body: bytes | None = None, ids: Mapping[str, str] = NO_IDS
    ) -> requests.Response:
        """Send bytes as they are to an operation on what stays, or on what `ids` say; DELETE gets no real id."""
        names = [parameter.name for parameter in operation.path_parameters]
        spared = names[-1:] if operation.method == "delete" else []
        where = {name: "none" if name in spared else self.home.get(name, "none") for name in names} | {**ids}
        headers = self._headers(operation.Case(path_parameters=where), AS_GENERATED + 1)
        url = self.operator.stack.info["api_url"] + operation.path.format(**where) + query
        return requests.request(operation.method, url, data=body, headers=headers, timeout=TIMEOUT_S)

    def authorization(self, operation: Operation) -> dict[str, str]:
        """The header of whoever the contract says may call."""
        schemes = {scheme for alternative in operation.definition.raw.get("security", []) for scheme in alternative}
        if not schemes:
            return {}
        token = self.agent.session if "agent" in schemes else self.operator.stack.info["api_token"]
        return {"Authorization": f"Bearer {token}"}

    def enrollment_token(self, kind: str = "dynamic", **fields: object) -> str:
        name = f"contract-{uuid.uuid4().hex[:8]}"
        return str(self.operator.peer(self.home["network_id"], kind=kind, name=name, **fields)["enrollment_token"])

    def assertion(self) -> str:
        now = int(time.time())
        claims = {"sub": self.hub.peer_id, "network_id": self.hub.network_id, "aud": "wirety", "jti": uuid.uuid4().hex}
        return jwt.encode({**claims, "iat": now, "exp": now + 60}, self.hub.device, algorithm="EdDSA")

    def sensible(self, part: Any, choice: int, name: str = "") -> Any:
        """The same shape, with a value that makes sense wherever the field's name is known and its type right."""
        if isinstance(part, dict):
            return {name: self.sensible(value, choice, name) for name, value in part.items()}
        if isinstance(part, list):
            return [self.sensible(item, choice + n, name) for n, item in enumerate(part[:SEVERAL])]
        if name in self.home and isinstance(part, str):
            return self.home[name]
        known = SENSIBLE.get(name)
        if known is None or not isinstance(part, str | int) or isinstance(part, bool):
            return part
        value = known(self, choice)
        return value if type(value) is type(part) else part

    def _token(self, role: str) -> str:
        body = {"name": f"contract {role}", "role": role, "networks": [self.home["network_id"]]}
        made = self.operator.call("POST", "/tokens", body)
        assert made.status_code == 201, made.text
        return str(made.json()["secret"])

    def _enrolled(self, endpoint: str) -> SocketAgent:
        agent = SocketAgent(self.operator)
        agent.enroll(self.enrollment_token("jump", endpoint=endpoint))
        return agent

    def _ids(self, case: Case[Any], choice: int) -> dict[str, str]:
        names = [parameter.name for parameter in case.operation.path_parameters]
        way, which = choice % WAYS_TO_ADDRESS, choice // WAYS_TO_ADDRESS
        if way == IDS_OF_NOBODY or not names:
            return {}
        made = [known for known in self.made if known.keys() == set(names)]
        if made and (way in MADE or (case.method == "DELETE" and way != PARENT_AT_HOME)):
            return made[which % len(made)]
        kept = names[:-1] if way == PARENT_AT_HOME or case.method == "DELETE" else names
        return {name: self.home[name] for name in kept if name in self.home}

    def _headers(self, case: Case[Any], choice: int) -> dict[str, str]:
        headers = self.authorization(case.operation)
        if choice % WAYS_TO_FILL == AS_GENERATED:
            return headers
        if "If-Match" in case.operation.headers:
            url = str(case.as_transport_kwargs()["url"])
            now = requests.get(url, headers=headers, timeout=TIMEOUT_S)
            headers |= {"If-Match": now.headers["ETag"]} if "ETag" in now.headers else {}
        if "Idempotency-Key" in case.headers:
            headers["Idempotency-Key"] = f"contract-{choice:x}"
        return headers

    def _learn(self, case: Case[Any], answer: Response) -> None:
        """Keep what an answer says of the request, and the ids of what it says was created."""
        self.answered.setdefault(case.operation.label, set()).add(answer.status_code)
        if answer.status_code >= 300:
            return
        if isinstance(case.body, dict):
            shapes, names = self.accepted.setdefault(case.operation.label, {}), frozenset(case.body)
            shapes[names] = max(shapes.get(names, {}), case.body, key=lambda body: len(str(body)))
        if answer.status_code == 201 and case.method == "POST":
            for path in self.paths:
                parent, _, name = path.rpartition("/")
                if parent == case.path and name.startswith("{"):
                    self.made += [{**case.path_parameters, name.strip("{}"): made} for made in _ids_in(answer.json())]


def _of_content(case: Case[Any]) -> int:
    parts = [case.operation.label, case.path_parameters, case.query, case.body]
    return zlib.crc32(json.dumps(parts, sort_keys=True, default=lambda part: type(part).__name__).encode())


def _ids_in(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        if isinstance(answer.get("id"), str):
            yield answer["id"]
        for value in answer.values():
            yield from _ids_in(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from _ids_in(item)


def _a_key(n: int) -> str:
    return base64.b64encode(hashlib.sha256(str(n).encode()).digest()).decode()


# By field name, whatever the route: what an operator would write there. Unique where the API wants it so.
SENSIBLE: Mapping[str, Callable[[Deployment, int], object]] = {
    "additional_allowed_ips": lambda _run, n: f"192.168.{n % 256}.0/24",
    "address": lambda _run, n: f"172.16.{1 + n % 15}.{n // 15 % 256}",
    "agent_version": lambda _run, _n: "0.1.0",
    "assertion": lambda run, _n: run.assertion(),
    "base": lambda _run, _n: "10.0.0.0/8",
    "cidr": lambda _run, n: f"172.{17 + n % 15}.{n // 15 % 256}.0/24",
    "cidr_v6": lambda _run, n: f"fd00:{n % 65536:x}::/64",
    "destination": lambda _run, _n: "*",
    "device_key": lambda _run, n: _a_key(n),
    "dns": lambda _run, _n: "10.0.0.53",
    "domain": lambda _run, n: f"contract-{n:x}.internal",
    "endpoint": lambda _run, _n: "198.51.100.1",
    "first": lambda _run, n: f"172.16.0.{128 + n % 64}",
    "hostname": lambda _run, n: f"host-{n:x}",
    "last": lambda _run, n: f"172.16.0.{128 + n % 64}",
    "listen_port": lambda _run, _n: 51820,
    "mtu": lambda _run, _n: 1400,
    "name": lambda _run, n: f"contract-{n:x}",
    "os": lambda _run, _n: "linux",
    "persistent_keepalive": lambda _run, _n: 25,
    "ports": lambda _run, _n: "22",
    "preferred_jump_id": lambda run, _n: run.hub.peer_id,
    "public_key": lambda _run, n: _a_key(n),
    "published_port": lambda _run, _n: 443,
    "source": lambda _run, _n: "*",
    "tags": lambda _run, n: f"tag-{n % 4}",
    "token": lambda run, _n: run.enrollment_token(),
}
