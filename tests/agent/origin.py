"""A control plane for one agent, on loopback: the REST calls and the socket, all in memory."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
from aiohttp import WSMsgType, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib.wire import bundle, delta
from chalicelib.wire.agent import Enrolled, EnrollRequest, Joined, JoinRequest, LeaveRequest, Session, SessionRequest
from chalicelib.wire.bundle import Bundle, Tombstone
from chalicelib.wire.codec import decode, encode
from chalicelib.wire.frames import Ack, Applied, ConfigChanged, FromAgent, Heartbeat, Hello, ToAgent, Welcome
from chalicelib.wire.signing import SIGNATURE_HEADER
from tests.agent.answers import gone, json_answer, problem
from tests.agent.builders import SIGNING_KEY, public_text, received, received_delta

WITHIN_S = 10.0


@dataclass
class Origin:
    """`fails_with`: a status for every call, with `retry_after`; `loses`: answers to swallow; `tombstone`: deleted;
    `left`: how the agent left, `loses_leave`: without an answer; `files_named`: files of static peers name it. `key`
    signs what it gives, `content_type`: not as what it is; `given`: the bundles it can tell a difference from.
    `asked`: the headers of the last call."""

    network_id: str
    peer_id: str
    bundle: Bundle | None = None
    token: str = "token"
    fails_with: int | None = None
    retry_after: str | None = None
    redirects_to: str | None = None
    loses: int = 0
    tombstone: Tombstone | None = None
    session_life: timedelta = timedelta(hours=1)
    heartbeat_interval_s: int = 30
    enrolled: EnrollRequest | None = None
    joined: list[JoinRequest] = field(default_factory=list)
    awaits_approval: bool = False
    calls: list[str] = field(default_factory=list)
    frames: list[FromAgent] = field(default_factory=list)
    posted: list[FromAgent] = field(default_factory=list)
    reports: list[Applied] = field(default_factory=list)
    sessions: int = 0
    key: Ed25519PrivateKey = SIGNING_KEY
    gives_deltas: bool = True
    left: LeaveRequest | None = None
    loses_leave: bool = False
    files_named: bool = False
    content_type: str | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    given: dict[tuple[int, int], Bundle] = field(default_factory=dict)
    url: str = ""
    address: str = "127.0.0.1"
    after_giving: Callable[[Bundle], None] = lambda bundle: None
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _runner: web.AppRunner | None = None
    _port: int = 0
    _thread: threading.Thread = field(default_factory=threading.Thread)

    def __enter__(self) -> "Origin":
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()

    def stop(self) -> None:
        """Go away: sockets drop, the port refuses."""
        assert self._runner is not None
        self._do(self._runner.cleanup())

    def restart(self) -> None:
        self._do(self._start())

    def push(self, frame: ToAgent) -> None:
        text = encode(frame).decode()
        for socket in list(self._sockets):
            self._do(socket.send_str(text))

    def change(self, bundle: Bundle) -> None:
        """A new bundle, and its hint."""
        self.bundle = bundle
        self.push(ConfigChanged(network_id=self.network_id, generation=bundle.generation, revision=bundle.revision))

    def drop_sockets(self) -> None:
        for socket in list(self._sockets):
            self._do(socket.close())

    def wait_for(self, claim: Callable[[], object], within_s: float = WITHIN_S) -> None:
        with self._changed:
            assert self._changed.wait_for(claim, within_s), (self.calls, self.frames, self.posted)

    def applied(self) -> list[Applied]:
        """Reports by socket and by REST, in the order they came."""
        return list(self.reports)

    def has_applied(self, revision: int) -> bool:
        """Whether the last report is of this revision; False before the first."""
        return [frame.revision for frame in self.applied()][-1:] == [revision]

    def heartbeats(self) -> list[Heartbeat]:
        return [frame for frame in (*self.frames, *self.posted) if isinstance(frame, Heartbeat)]

    def _do(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN_S)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        ready.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._guard])
        app.router.add_post("/api/v1/agent/enroll", self._enroll)
        app.router.add_post("/api/v1/agent/join", self._join)
        app.router.add_post("/api/v1/agent/session", self._session)
        app.router.add_get("/api/v1/agent/bundle", self._bundle)
        app.router.add_post("/api/v1/agent/applied", self._applied)
        app.router.add_post("/api/v1/agent/heartbeat", self._heartbeat)
        app.router.add_post("/api/v1/agent/leave", self._leave)
        app.router.add_get("/api/v1/health", self._health)
        app.router.add_get("/ws", self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://{self.address}:{self._port}"

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self._note(self.calls, f"{request.method} {request.path}")
        self.asked = request.headers
        if self.fails_with is not None:
            trouble = problem(self.fails_with, "trouble")
            if self.retry_after is not None:
                trouble.headers["Retry-After"] = self.retry_after
            return trouble
        if self.redirects_to is not None and request.path.startswith("/api/"):
            return web.Response(status=302, headers={"Location": self.redirects_to})
        answer: web.StreamResponse = await handler(request)
        if self.loses > 0:
            self.loses -= 1
            assert request.transport is not None
            request.transport.abort()
        return answer

    async def _enroll(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), EnrollRequest)
        if body.token != self.token:
            return problem(401, "token_invalid")
        if self.enrolled is not None and self.enrolled.device_key != body.device_key:
            return problem(401, "token_used")
        self.enrolled = body
        return json_answer(
            Enrolled(peer_id=self.peer_id, network_id=self.network_id, signing_key=public_text(SIGNING_KEY))
        )

    async def _join(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), JoinRequest)
        if body.key != self.token:
            return problem(401, "join_key_unknown")
        self.joined.append(body)
        answer = Joined(
            peer_id=self.peer_id,
            network_id=self.network_id,
            signing_key=public_text(SIGNING_KEY),
            awaits_approval=self.awaits_approval,
        )
        return json_answer(answer)

    async def _session(self, request: web.Request) -> web.Response:
        assertion = decode(await request.read(), SessionRequest).assertion
        if self.enrolled is not None:
            raw = msgspec.convert(self.enrolled.device_key, bytes)  # base64
            key = Ed25519PublicKey.from_public_bytes(raw)
            try:
                claims = jwt.decode(assertion, key, ["EdDSA"], audience="wirety", leeway=5)
            except jwt.InvalidTokenError:
                return problem(401, "assertion_invalid")
            assert (claims["sub"], claims["network_id"]) == (self.peer_id, self.network_id)
        if self.tombstone is not None:
            return gone(self.tombstone, self.key)
        if self.left is not None:
            return problem(410, "peer_left")
        self.sessions += 1
        return json_answer(
            Session(session=f"session-{self.sessions}", expires_at=datetime.now(UTC) + self.session_life)
        )

    async def _bundle(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        assert self.bundle is not None
        since = (int(request.query.get("generation", "0")), int(request.query.get("since", "-1")))
        if (self.bundle.generation, self.bundle.revision) <= since:
            return web.Response(status=304)
        return self._bundle_answer(request, since)

    def _bundle_answer(self, request: web.Request, since: tuple[int, int]) -> web.Response:
        """A delta of a bundle given out before, else the whole one."""
        assert self.bundle is not None
        known = self.given.get(since) if self.gives_deltas else None
        self.given[self.bundle.generation, self.bundle.revision] = self.bundle
        self.after_giving(self.bundle)
        sent = received(self.bundle, self.key) if known is None else received_delta(known, self.bundle, self.key)
        kind = delta.MEDIA_TYPE if sent.is_delta else bundle.MEDIA_TYPE
        headers = {"Content-Type": self.content_type or kind, SIGNATURE_HEADER: sent.signature}
        return web.Response(body=sent.body.encode(), headers=headers)

    async def _applied(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        self._note(self.posted, decode(await request.read(), Applied))
        return web.Response(status=204)

    async def _heartbeat(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        heartbeat = decode(await request.read(), Heartbeat)
        self._note(self.posted, heartbeat)
        return json_answer(self._ack(heartbeat))

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _leave(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        asked = decode(await request.read(), LeaveRequest)
        if self.files_named and not asked.void_files:
            return problem(409, "files_would_be_void")
        self.left = asked
        if self.loses_leave:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=204)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._answer(socket, msgspec.json.decode(message.data, type=FromAgent))
        finally:
            self._sockets.discard(socket)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: FromAgent) -> None:
        self._note(self.frames, frame)
        if isinstance(frame, Hello):
            version = self._version()
            welcome = Welcome(generation=version[0], wanted=version[1], heartbeat_interval_s=self.heartbeat_interval_s)
            await socket.send_str(encode(welcome).decode())
        elif isinstance(frame, Heartbeat):
            await socket.send_str(encode(self._ack(frame)).decode())

    def _ack(self, heartbeat: Heartbeat) -> Ack:
        generation, wanted = self._version()
        return Ack(seq=heartbeat.seq, generation=generation, wanted=wanted, nonce=f"nonce-{heartbeat.seq}")

    def _version(self) -> tuple[int, int]:
        return (self.bundle.generation, self.bundle.revision) if self.bundle is not None else (0, 0)

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer session-{self.sessions}":
            return problem(401, "session_invalid")
        if self.tombstone is not None:
            return gone(self.tombstone, self.key)
        return None

    def _note(self, where: list[Any], what: object) -> None:
        with self._changed:
            where.append(what)
            if isinstance(what, Applied):
                self.reports.append(what)
            self._changed.notify_all()
