"""What an idle agent costs a month: its real core against the real functions for half a day, counted at the wire.

Time is simulated. DynamoDB is asked over the wire, and each request counts with its units; sockets,
queues and the key are in memory, and count their messages. Prices and the time a function takes: see cost_estimate.
"""

import base64
import gzip
import json
import logging
import os
import random
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from agent.adapters.control_plane.http import Answer
from agent.adapters.control_plane.rest import Http, RestControlPlane, RestEnroller
from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.host.results import ApplyResult
from agent.identity.keys import device_public_key, new_device_key, new_wireguard_key, wireguard_public_key
from agent.identity.trust import Keyring, Trust
from app import app
from chalicelib.adapters.dynamodb.peer import PeerItem
from chalicelib.adapters.dynamodb.presence import DynamoPresence
from chalicelib.adapters.memory.clock_and_chance import MemoryVault, SteppedClock
from chalicelib.adapters.memory.queues import MemoryFailoverQueue, MemoryQueue
from chalicelib.adapters.memory.sockets import MemoryGateway
from chalicelib.adapters.push.messages import failover_task_text
from chalicelib.bootstrap.aws import Aws
from chalicelib.bootstrap.container import Container, install
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import ConnectionId
from chalicelib.domain.peer.failover import FailoverTask
from chalicelib.domain.peer.presence import Fact
from chalicelib.entrypoints import queues, sockets
from chalicelib.observability import logger
from chalicelib.ports.outside import Vault
from chalicelib.ports.queues import FailoverQueue, PushQueue
from chalicelib.ports.sockets import Gateway
from chalicelib.settings import Settings, settings_from
from chalicelib.wire.agent import EnrollRequest
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import FromAgent
from chalicelib.wire.peers import Host
from infra.local.dynamodb_local import dynamodb_local
from infra.local.tables import create_tables, environment
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.cost_estimate import FRAME_MS, HOURS, REST_MS, SESSION_MS, SOCKET_MINUTE, Use

SECRET = "of the one origin"  # noqa: S105  of a deployment in this process
BY_THE_ORIGIN = {"x-origin-secret": SECRET, "cloudfront-viewer-address": "203.0.113.9:4711"}
SETTLED_S = 2 * 3600.0  # enrolment and the first bundle are no part of an idle month
COUNTED_S = 12 * 3600.0
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
MADE = ApplyResult(is_changed=False)
HOST = Host(hostname="h", os="Debian", agent_version="0")

BARS = (Bar("agent_month_dollars", 0.045), Bar("jump_month_dollars", 0.30))


@dataclass
class Tally:
    """What was asked of AWS so far."""

    use: Use = field(default_factory=Use)

    def add(self, **counts: int) -> None:
        self.use = replace(self.use, **{name: getattr(self.use, name) + count for name, count in counts.items()})

    def sent(self, model: Any, request_dict: dict[str, Any], **_: object) -> None:
        """Units of a request to DynamoDB, of items of up to 1 KB."""
        asked = json.loads(request_dict["body"])
        match model.name:
            case "GetItem" | "Query":
                self.add(reads=1)
            case "BatchGetItem":
                self.add(reads=sum(len(table["Keys"]) for table in asked["RequestItems"].values()))
            case "PutItem" | "UpdateItem" | "DeleteItem":
                self.add(writes=1)
            case "BatchWriteItem":
                self.add(writes=sum(map(len, asked["RequestItems"].values())))
            case "BatchExecuteStatement":
                self.add(writes=len(asked["Statements"]))
            case "TransactWriteItems":
                self.add(writes=2 * len(asked["TransactItems"]))
            case name:
                raise NotImplementedError(f"nobody knows what {name} costs")


class CountedFailoverTasks(MemoryFailoverQueue):
    def __init__(self, clock: SteppedClock, tally: Tally) -> None:
        super().__init__(clock)
        self._tally = tally

    def put(self, task: FailoverTask, delay: timedelta = timedelta(0)) -> None:
        self._tally.add(queued=1)
        super().put(task, delay)


class CountedGateway(MemoryGateway):
    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        self._tally.add(messages=1)
        return super().post(connection_id, frame)


class Noted(DynamoPresence):
    """Keeps the facts for which the stream would call."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def insert_facts(self, *facts: Fact) -> None:
        super().insert_facts(*facts)
        self.facts += facts


class Counted(Aws):
    """A deployment's stores over the wire; what is not DynamoDB in memory."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.tally = Tally()
        self.clock = self.stepped = SteppedClock(datetime.now(UTC))
        self.presence = self.noted = Noted()
        client: Any = PeerItem._get_connection().connection.client
        client.meta.events.register("before-call.dynamodb", self._sent)

    def _sent(self, model: Any, params: dict[str, Any], **_: object) -> None:
        self.tally.sent(model, params)

    @cached_property
    def vault(self) -> Vault:
        return MemoryVault()

    @cached_property
    def queue(self) -> PushQueue:
        return MemoryQueue()

    @cached_property
    def waiting(self) -> CountedFailoverTasks:
        return CountedFailoverTasks(self.stepped, self.tally)

    @property
    def failover_tasks(self) -> FailoverQueue:
        return self.waiting

    @cached_property
    def sockets(self) -> CountedGateway:
        return CountedGateway(self.tally)

    @property
    def gateway(self) -> Gateway:
        return self.sockets


@dataclass(slots=True)
class InProcess(Http):
    """Calls of an agent, or of an operator, that the REST function answers as API Gateway has it."""

    tally: Tally = field(default_factory=Tally)

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return self._answered(method, f"/agent{path}", token, body, query, headers)

    def operate(self, path: str, token: str, body: dict[str, object]) -> dict[str, Any]:
        answer = self._answered("POST", path, token, json.dumps(body).encode(), None, None)
        made: dict[str, Any] = json.loads(answer.content)
        return made

    def _answered(
        self,
        method: str,
        path: str,
        token: str | None,
        body: bytes | None,
        query: dict[str, str] | None,
        headers: dict[str, str] | None,
    ) -> Answer:
        self.tally.add(rest_calls=1, invocations=1, ms=SESSION_MS if path.endswith("/session") else REST_MS)
        resource, arguments = _resource(f"/v1{path}")
        said = {"content-type": "application/json", "accept-encoding": "gzip", **BY_THE_ORIGIN, **(headers or {})}
        if token is not None:
            said["authorization"] = f"Bearer {token}"
        event = {
            "resource": resource,
            "path": f"/v1{path}",
            "httpMethod": method,
            "headers": said,
            "multiValueHeaders": {},
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": arguments,
            "stageVariables": None,
            "requestContext": {"httpMethod": method, "resourcePath": resource, "identity": {"sourceIp": "203.0.113.9"}},
            "body": (body or b"").decode(),
            "isBase64Encoded": False,
        }
        answer = app(event, SimpleNamespace(aws_request_id="bench"))
        content = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
        if answer["headers"].get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return Answer(answer["statusCode"], answer["headers"], content)


def _resource(path: str) -> tuple[str, dict[str, str]]:
    """The declared route, as API Gateway matches it."""
    parts = path.split("/")
    for pattern in sorted(app.routes, key=lambda one: one.count("{")):
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(w == p or w[:1] == "{" for w, p in zip(wanted, parts, strict=True)):
            return pattern, {w.strip("{}"): p for w, p in zip(wanted, parts, strict=True) if w[:1] == "{"}
    raise LookupError(f"no route {path}")


@dataclass
class Deployment:
    """One network with a jump, and what every function call on it adds up to."""

    container: Container
    outside: Counted
    network_id: str
    jump: "Enrolled"

    @property
    def tally(self) -> Tally:
        return self.outside.tally

    def called(self, function: Callable[[dict[str, Any]], object], event: dict[str, Any]) -> Any:
        """A function that is not REST's; with what the stream and the queue call in consequence."""
        self.tally.add(invocations=1, ms=FRAME_MS)
        answer = function(event)
        facts, self.outside.noted.facts = self.outside.noted.facts, []
        if facts:
            self.tally.add(invocations=1, ms=FRAME_MS)
            self.container.announcements.announce(facts)
        return answer

    def run_failover_tasks(self) -> None:
        now, waiting = self.outside.clock.now(), self.outside.waiting.waiting
        due = [task for at, task in waiting if at <= now]
        waiting[:] = [(at, task) for at, task in waiting if at > now]
        for task in due:
            record = {"messageId": "1", "body": failover_task_text(task)}
            assert self.called(queues.failover, {"Records": [record]}) == {"batchItemFailures": []}


@dataclass(frozen=True)
class Enrolled:
    """An agent's own: its calls, and who it is."""

    calls: RestControlPlane
    http: InProcess
    peer_id: str


def deployment(settings: Settings) -> Deployment:
    create_tables(settings)
    outside = Counted(settings)
    container = Container(settings, outside)
    install(container)
    operator = container.accounts.create_token("bench", Role.ADMINISTRATOR).text()
    http = InProcess("http://wirety.test", tally=outside.tally)
    network = http.operate("/networks", operator, {"name": "lab", "cidr": "10.0.0.0/24"})["id"]
    jump = enrolled(http, operator, network, {"kind": "jump", "name": "hub", "endpoint": "198.51.100.1"})
    return Deployment(container, outside, network, jump)


def enrolled(http: InProcess, operator: str, network: str, peer: dict[str, object]) -> Enrolled:
    created = http.operate(f"/networks/{network}/peers", operator, peer)
    device = new_device_key()
    request = EnrollRequest(
        token=created["enrollment_token"],
        public_key=wireguard_public_key(new_wireguard_key()),
        device_key=device_public_key(device),
        host=HOST,
    )
    known = RestEnroller(http).enroll(request)
    trust = Trust(Keyring(pinned=known.signing_key, current=known.signing_key), lambda _: None)
    return Enrolled(RestControlPlane(http, known.network_id, known.peer_id, device, trust), http, known.peer_id)


@dataclass
class Life:
    """One agent's core in simulated time, on a host where nothing happens."""

    world: Deployment
    agent: Enrolled
    state: State = field(init=False)
    base: Fetched | None = None
    open_sockets: dict[int, dict[str, Any]] = field(default_factory=dict)
    connected_s: float = 0.0
    _now_s: float = 0.0
    _opened_at_s: float | None = None
    _uniform: Callable[[float, float], float] = field(default_factory=lambda: random.Random(7).uniform)
    _deadlines: dict[Timer, float] = field(default_factory=dict)
    _events: deque[ev.Event] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.state = initial(self.world.network_id, self.agent.peer_id, "bench")
        self._events.append(ev.Started(saved=None))

    def live(self, duration_s: float) -> None:
        end_s = self._now_s + duration_s
        while self._events or self._next_s() <= end_s:
            if self._events:
                self._take(self._events.popleft())
            else:
                self._wait(self._next_s())
        self._wait(end_s)

    def _next_s(self) -> float:
        failover_tasks = [
            (at - self.world.outside.clock.now()).total_seconds() for at, _ in self.world.outside.waiting.waiting
        ]
        return min([*self._deadlines.values(), *(self._now_s + max(in_s, 0.0) for in_s in failover_tasks)])

    def _wait(self, until_s: float) -> None:
        """Time passes, and what is due then happens."""
        passed_s = max(0.0, until_s - self._now_s)
        self.connected_s += passed_s * len(self.open_sockets)
        self.world.outside.stepped.advance(timedelta(seconds=passed_s))
        self._now_s = max(self._now_s, until_s)
        self.world.run_failover_tasks()
        for timer in [timer for timer, at_s in self._deadlines.items() if at_s <= self._now_s]:
            del self._deadlines[timer]
            self._events.append(ev.TimerFired(timer=timer))

    def _take(self, event: ev.Event) -> None:
        self.state, effects = step(self.state, replace(event, at_s=self._now_s))
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: ef.Effect) -> None:  # noqa: C901  one flat case a kind of effect
        match effect:
            case ef.SetTimer():
                self._deadlines[effect.timer] = self._now_s + self._uniform(effect.low_s, effect.high_s)
            case ef.CancelTimer():
                self._deadlines.pop(effect.timer, None)
            case ef.OpenSession():
                self._events.append(ev.SessionOpened(lifetime_s=self.agent.calls.open_session()))
            case ef.OpenSocket(socket=number):
                self._open(number)
            case ef.CloseSocket(socket=number):
                self._close(number)
            case ef.Send(socket=number, frame=frame):
                self._send(number, frame)
            case ef.Fetch(since=since):
                self._fetch(since is None)
            case ef.Apply() | ef.Try():
                self._events.append(ev.BundleApplied(fetched=effect.fetched, made=MADE))
            case ef.Save():
                self._events.append(ev.BundleSaved(fetched=effect.fetched))
            case ef.Observe():
                self._events.append(ev.Observed(host=HOST, seen=(), since_s=0.0))
            case ef.Reconcile():
                self._events.append(ev.Reconciled(made=MADE))
            case ef.Log() | ef.WatchTunnels():
                return
            case _:
                raise NotImplementedError(f"an idle agent does not want {type(effect).__name__}")

    def _open(self, number: int) -> None:
        headers = {**BY_THE_ORIGIN, "Authorization": f"Bearer {self.agent.calls.bearer()}"}
        handshake = {"methodArn": "arn", "headers": headers}
        context = self.world.called(sockets.authorize, handshake)["context"]
        connection_id = ConnectionId(uuid.uuid4().hex)
        event = {"requestContext": {"connectionId": connection_id, "authorizer": context}}
        self.open_sockets[number] = event
        self.world.outside.sockets.open.add(connection_id)
        self.world.called(sockets.connect, event)
        self._events.append(ev.SocketOpened(socket=number))

    def _close(self, number: int) -> None:
        event = self.open_sockets.pop(number)
        self.world.outside.sockets.open.discard(event["requestContext"]["connectionId"])
        self.world.called(sockets.disconnect, event)

    def _send(self, number: int, frame: FromAgent) -> None:
        event = self.open_sockets[number]
        self.world.tally.add(messages=1)
        sent = self.world.outside.sockets.sent.setdefault(event["requestContext"]["connectionId"], [])
        before = len(sent)
        answered = self.world.called(sockets.message, {**event, "body": encode(frame).decode()})
        assert answered == {"statusCode": 200}
        self._events += [ev.FrameReceived(socket=number, frame=answer) for answer in sent[before:]]  # type: ignore[arg-type]

    def _fetch(self, is_whole: bool) -> None:
        base = self.base
        fetched = self.agent.calls.whole(base) if is_whole or base is None else self.agent.calls.newer(base)
        self.base = fetched or base
        self._events.append(ev.BundleUnchanged() if fetched is None else ev.BundleFetched(fetched=fetched))


def month(settings: Settings, is_jump: bool, counted_s: float = COUNTED_S) -> dict[str, float]:
    """Dollars of an idle month: of `requests`, and of the `minutes` a socket is open."""
    world = deployment(replace(settings, origin_secrets=(SECRET,)))
    life = Life(world, world.jump if is_jump else _regular(world))
    life.live(SETTLED_S)
    world.tally.use, life.connected_s = Use(), 0.0
    life.live(counted_s)
    months = counted_s / 3600 / HOURS
    return {
        "requests": world.tally.use.dollars() / months,
        "minutes": life.connected_s / 60 * SOCKET_MINUTE / months,
    }


def _regular(world: Deployment) -> Enrolled:
    operator = world.container.accounts.create_token("bench", Role.ADMINISTRATOR).text()
    return enrolled(world.jump.http, operator, world.network_id, {"kind": "dynamic", "name": "laptop"})


def measure(say: Say) -> Sequence[Figure]:
    say("starting DynamoDB Local")
    logger.setLevel(logging.WARNING)  # a line a frame would stand among the figures
    figures = []
    os.environ.update(CREDENTIALS)
    with dynamodb_local() as url:
        for name, is_jump in (("agent", False), ("jump", True)):
            say(f"half a day of an idle {name}, simulated")
            variables = {**environment(f"bench-{uuid.uuid4().hex}"), "AWS_ENDPOINT_URL": url}
            spent = month(settings_from(variables), is_jump)
            figures.append(Figure(f"{name}_month_dollars", round(sum(spent.values()), 4), "$", 1))
    return figures


GROUP = Group("what an idle agent and an idle jump cost a month, counted", measure, BARS)
