"""The control plane over memory, with agents that behave: for flows and counting."""

import base64
import gzip
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app import app
from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.adapters.push.messages import failover_task_text, held_text, message_of
from chalicelib.application.agents.key_rotation import WORDS
from chalicelib.bootstrap import container as bootstrap
from chalicelib.bootstrap.container import Container
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Claims, User, user_id
from chalicelib.domain.identity.writes import PutUser
from chalicelib.domain.ids import ConnectionId, NetworkId
from chalicelib.entrypoints import queues, sockets, streams
from chalicelib.entrypoints.rest.openapi import document
from chalicelib.entrypoints.rest.operation import OPERATIONS
from chalicelib.settings import settings_from
from chalicelib.wire import delta
from chalicelib.wire.codec import content_hash
from chalicelib.wire.frames import ConfigChanged
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject
from tests.builders import a_key
from tests.records import account_record, change_record, fact_record

BY_THE_ORIGIN = {  # what the CDN adds to every call
    "x-origin-secret": "origin",
    "cloudfront-viewer-address": "203.0.113.9:4711",
}
ENVIRONMENT = {
    **{
        f"{what}_PER_MINUTE": "1000000" for what in ("WRITES", "ENROLLMENTS", "SESSIONS", "REFUSALS")
    },  # the clock stands
    "ORIGIN_SECRETS": "origin,former",
    "CONSOLE_URL": "https://wirety.example.net",
    "OIDC_ISSUER": "https://idp.example.com",
}
FACTS = 100  # of a batch of the stream
HOST = {"hostname": "web-1", "os": "linux", "agent_version": "0.1.0"}


@dataclass(frozen=True)
class Answer:
    """What the API answered; `json` is None for an empty body or text."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text) if "json" in self.headers.get("Content-Type", "") else None


@dataclass
class World:
    """One deployment in memory. Nothing moves by itself: `settle` runs stream and queue. `source`: the address
    that callers of the API have."""

    adversary: Adversary = field(default_factory=Adversary)
    source: str = "203.0.113.9"

    def __post_init__(self) -> None:
        self.outside = self.made_outside()
        self.container = Container(settings_from(ENVIRONMENT), self.outside)
        bootstrap.install(self.container)
        self.token = self.container.api_tokens.create_for_deployment("test", Role.ADMINISTRATOR).text()
        self._planned = self._announced = self._revoked = 0

    def made_outside(self) -> MemoryOutside:
        return MemoryOutside(self.adversary)

    def api(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        raw: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call the REST function as API Gateway does."""
        sent = raw if raw is not None else ("" if body is None else json.dumps(body))
        said = {
            "authorization": f"Bearer {token or self.token}",
            "content-type": "application/json",
            **BY_THE_ORIGIN,
            "cloudfront-viewer-address": f"{self.source}:4711",
            **(headers or {}),
        }
        answer = self.invoke(method, path, sent, said)
        raw_answer = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
        if answer["headers"].get("Content-Encoding") == "gzip" and raw_answer:
            raw_answer = gzip.decompress(raw_answer)
        return Answer(answer["statusCode"], answer["headers"], raw_answer.decode())

    def invoke(self, method: str, path: str, sent: str, headers: dict[str, str]) -> dict[str, Any]:
        """What the REST function answers to API Gateway. `path`: below `/v1`, with its query."""
        path, _, query = path.partition("?")
        resource, path_args = _resource(path)
        event = {
            "resource": resource,
            "path": f"/v1{path}",
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {},
            "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
            "pathParameters": path_args,
            "stageVariables": None,
            "requestContext": {
                "requestId": "req-test",
                "httpMethod": method,
                "resourcePath": resource,
                "identity": {"sourceIp": "192.0.2.1"},
            },
            "body": sent,
            "isBase64Encoded": False,
        }
        answer: dict[str, Any] = app(event, SimpleNamespace(aws_request_id="test"))
        require_declared(method, resource.removeprefix("/v1"), answer["statusCode"])
        return answer

    def person(self, name: str, role: Role | None) -> str:
        """A token by which the identity provider vouches for somebody with this role."""
        groups = frozenset() if role is None else frozenset({f"wirety-{role}"})
        token = f"header.{name}.signature"
        ends = self.outside.clock.now() + timedelta(hours=1)
        self.outside.identities.known[token] = Claims("https://idp.example.com", name, None, name, groups, ends)
        return token

    def granted(self, name: str, role: Role, *networks: str) -> str:
        """The token of a person who was given a role here, and only these networks."""
        token = self.person(name, None)
        claims = self.outside.identities.known[token]
        self.outside.identities.known[token] = replace(claims, groups=None)
        person = User(user_id(claims.issuer, name), claims.issuer, name, None, name, self.outside.clock.now(), role)
        granted = replace(person, networks=frozenset(map(NetworkId, networks)))
        self.outside.transactions.commit(Commit(None, (PutUser(granted),)))
        return token

    def network(self, name: str = "lab", cidr: str = "10.0.0.0/24") -> str:
        return str(self.api("POST", "/networks", {"name": name, "cidr": cidr}).json["id"])

    def agent(self, network: str, kind: str, name: str, **fields: object) -> "SimulatedAgent":
        """Create a peer and enrol an agent for it."""
        body = {"kind": kind, "name": name, **({"endpoint": "198.51.100.1"} if kind == "jump" else {}), **fields}
        created = self.api("POST", f"/networks/{network}/peers", body).json
        agent = SimulatedAgent(self, name)
        assert agent.enroll(created["enrollment_token"]).status == 200
        return agent

    def settle(self, lose: Callable[[Change], bool] = lambda _: False) -> None:
        """Take agents' words and plan what was not planned yet, a network's together; deliver until nothing waits."""
        self.hold()
        changes = self.outside.tables.stream[self._planned :]
        self._planned += len(changes)
        left = self.adversary.deliveries([change for change in changes if not lose(change)])
        assert streams.plan({"Records": list(map(change_record, left))}) == {"batchItemFailures": []}
        self.revoke()
        facts = list(self.outside.tables.facts)[self._announced :]
        self._announced += len(facts)
        for at in range(0, len(facts), FACTS):
            batch = self.adversary.deliveries(facts[at : at + FACTS])
            assert streams.announce({"Records": list(map(fact_record, batch))}) == {"batchItemFailures": []}
        self.deliver()
        self.outside.queue.messages, self.outside.queue.delayed = self.outside.queue.delayed, []
        self.deliver()
        removals, self.outside.removals.started = self.outside.removals.started, []
        if removals:
            bodies = [{"messageId": network, "body": json.dumps({"network_id": network})} for network in removals]
            queues.remove({"Records": bodies})
            self.settle()

    def hold(self) -> None:
        """Take what agents said of preshared keys, by batches as Lambda hands them over."""
        words, self.outside.held.waiting = self.adversary.deliveries(self.outside.held.waiting), []
        for at in range(0, len(words), WORDS):
            bodies = [{"messageId": str(n), "body": held_text(word)} for n, word in enumerate(words[at : at + WORDS])]
            assert queues.hold({"Records": bodies}) == {"batchItemFailures": []}

    def revoke(self) -> None:
        """Have the sockets ended that accounts held which were changed since."""
        written = self.outside.tables.account_stream[self._revoked :]
        self._revoked += len(written)
        left = self.adversary.deliveries([account_record(*pair) for pair in written])
        assert streams.revoke({"Records": left}) == {"batchItemFailures": []}

    def deliver(self) -> None:
        messages, self.outside.queue.messages = self.outside.queue.messages, []
        bodies = [{"messageId": str(n), "body": message_of(push)} for n, push in enumerate(messages)]
        assert queues.deliver({"Records": self.adversary.deliveries(bodies)}) == {"batchItemFailures": []}

    def live(self, duration: timedelta = timedelta(0)) -> None:
        """Let time pass, running the failover tasks that fall due in it, in order, each with what follows."""
        clock, waiting = self.outside.clock, self.outside.failover_tasks.waiting
        end = clock.now() + duration
        while due := sorted((at for at, _ in waiting if at <= end)):
            clock.advance(max(due[0] - clock.now(), timedelta(0)))
            now = [task for at, task in waiting if at <= clock.now()]
            waiting[:] = [(at, task) for at, task in waiting if at > clock.now()]
            bodies = [{"messageId": str(n), "body": failover_task_text(one)} for n, one in enumerate(now)]
            assert queues.failover({"Records": self.adversary.deliveries(bodies)}) == {"batchItemFailures": []}
            self.settle()
        clock.advance(max(end - clock.now(), timedelta(0)))

    def peers(self, network: str) -> dict[str, Any]:
        return {peer["name"]: peer for peer in self.api("GET", f"/networks/{network}/peers?limit=200").json["items"]}


@dataclass
class Socket:
    """A client's end of a socket, as API Gateway calls the functions for it."""

    world: World
    connection: ConnectionId | None = field(default=None, init=False)
    context: dict[str, str] = field(default_factory=dict, init=False)

    def admitted(self, handshake: dict[str, Any]) -> None:
        """Ask the authorizer, and keep its context for every frame."""
        headers = {**BY_THE_ORIGIN, **handshake.get("headers", {})}
        policy = sockets.authorize({**handshake, "headers": headers, "methodArn": "arn"})
        assert policy["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        self.context = policy["context"]

    def open(self) -> int:
        """Open it; answers the status. The gateway knows the connection once that is one of success."""
        self.connection = ConnectionId(f"c-{uuid.uuid4().hex[:8]}")
        status = int(sockets.connect(self._event())["statusCode"])
        if status == 200:
            self.world.outside.gateway.open.add(self.connection)
        return status

    def send(self, frame: dict[str, object]) -> None:
        sockets.message({**self._event(), "body": json.dumps(frame)})

    def close(self) -> None:
        sockets.disconnect(self._event())
        if self.connection is not None:
            self.world.outside.gateway.open.discard(self.connection)

    @property
    def frames(self) -> list[Any]:
        """What the socket got."""
        return self.world.outside.gateway.sent.get(self.connection, []) if self.connection else []

    def _event(self) -> dict[str, Any]:
        return {"requestContext": {"connectionId": self.connection, "authorizer": self.context}}


@dataclass
class SimulatedAgent(Socket):
    """An agent without a tunnel: it speaks the protocol and keeps the last bundle."""

    name: str
    bundle: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.device = Ed25519PrivateKey.generate()
        self.public_key = a_key(self.name)
        self.device_key = base64.b64encode(self.device.public_key().public_bytes_raw()).decode()
        self.peer_id = self.network_id = self.session = self.signing_key = ""

    def enroll(self, token: str) -> Answer:
        body = {"token": token, "public_key": self.public_key, "device_key": self.device_key, "host": HOST}
        answer = self.world.api("POST", "/agent/enroll", body)
        if answer.status == 200:
            self.peer_id, self.network_id = answer.json["peer_id"], answer.json["network_id"]
            self.signing_key = answer.json["signing_key"]
        return answer

    def join(self, key: str, hostname: str = "web-1") -> Answer:
        host = {**HOST, "hostname": hostname}
        body = {"key": key, "public_key": self.public_key, "device_key": self.device_key, "host": host}
        answer = self.world.api("POST", "/agent/join", body)
        if answer.status == 200:
            self.peer_id, self.network_id = answer.json["peer_id"], answer.json["network_id"]
            self.signing_key = answer.json["signing_key"]
        return answer

    def assertion(self, **claims: object) -> str:
        from time import time  # the assertion's clock is the real one: PyJWT's is not a port

        now = int(time())
        standard = {
            "sub": self.peer_id,
            "network_id": self.network_id,
            "aud": "wirety",
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode({**standard, **claims}, self.device, algorithm="EdDSA")

    def open_session(self) -> Answer:
        answer = self.world.api("POST", "/agent/session", {"assertion": self.assertion()})
        if answer.status == 200:
            self.session = answer.json["session"]
        return answer

    def connect(self) -> None:
        """Open a session and a socket, and say hello."""
        assert self.open_session().status == 200
        self.authorize()
        self.open()
        self.send({"type": "hello", "instance_id": "i", "generation": 1, "revision": self.revision, "hash": ""})

    def authorize(self) -> None:
        self.admitted({"headers": {"Authorization": f"Bearer {self.session}"}})

    def fetch(self) -> Answer:
        """What is newer than the bundle it has; all of it the first time."""
        return self._take(f"?since={self.revision}&generation=1" if self.bundle else "")

    def fetch_whole(self) -> Answer:
        """Compare the whole bundle, as agents do once an hour."""
        tag = None if self.bundle is None else f'"1.{self.revision}.{content_hash(self.bundle)}"'
        return self._take("", {} if tag is None else {"if-none-match": tag})

    def _take(self, query: str, headers: dict[str, str] | None = None) -> Answer:
        """Fetch, check the signature, and keep what comes."""
        asked = {"accept-encoding": "gzip, deflate", **(headers or {})}
        answer = self.world.api("GET", f"/agent/bundle{query}", token=self.session, headers=asked)
        if answer.status == 200:
            is_delta = answer.headers["Content-Type"] == delta.MEDIA_TYPE
            subject = Subject(
                "delta" if is_delta else "bundle", self.network_id, self.peer_id, 1, answer.json["revision"]
            )
            self.verify(subject, answer)
            self.bundle = (
                delta.patched(self.bundle or {}, msgspec.convert(answer.json, delta.Delta)) if is_delta else answer.json
            )
        return answer

    def verify(self, subject: Subject, answer: Answer) -> None:
        """Raises InvalidSignature."""
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.signing_key))
        key.verify(base64.b64decode(answer.headers[SIGNATURE_HEADER]), subject.statement(answer.text.encode()))

    @property
    def revision(self) -> int:
        return int(self.bundle["revision"]) if self.bundle else 0

    @property
    def hints(self) -> list[int]:
        return [frame.revision for frame in self.frames if isinstance(frame, ConfigChanged)]

    @property
    def allowed_ips(self) -> set[str]:
        assert self.bundle is not None
        return {cidr for peer in self.bundle["peers"] for cidr in peer["allowed_ips"]}


@dataclass
class SimulatedBrowser(Socket):
    """A signed-in browser: `token` is its person's, the world's own administrator by default."""

    token: str | None = None
    ticket: str = ""

    def ask_ticket(self) -> None:
        answer = self.world.api("POST", "/ws/tickets", token=self.token)
        assert answer.status == 201, answer.text
        self.ticket = answer.json["ticket"]

    def authorize(self) -> None:
        self.admitted({"queryStringParameters": {"ticket": self.ticket}})

    def connect(self) -> None:
        """Open a socket by a ticket, and say hello."""
        self.ask_ticket()
        self.authorize()
        self.open()
        self.send({"type": "hello"})


@cache
def contract() -> Any:
    return json.loads(document())


def require_declared(method: str, path: str, status: int) -> None:
    """Fails when the contract does not name a status; of refusals that any route may answer it names none."""
    declared = contract()["paths"].get(path, {}).get("get" if method == "HEAD" else method.lower())
    if declared is not None and status not in (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR):
        assert str(status) in declared["responses"], f"{method} {path} does not declare that it answers {status}"


def _resource(path: str) -> tuple[str, dict[str, str]]:
    """Match a path the way API Gateway does: the declared resource, or the greedy one."""
    parts = path.split("/")
    for pattern in sorted({operation.path for operation in OPERATIONS}, key=lambda path: path.count("{")):
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(
            w == p or (w.startswith("{") and p) for w, p in zip(wanted, parts, strict=True)
        ):
            args = {w.strip("{}"): p for w, p in zip(wanted, parts, strict=True) if w.startswith("{")}
            return f"/v1{pattern}", args
    return "/{proxy+}", {"proxy": f"v1{path}"}
