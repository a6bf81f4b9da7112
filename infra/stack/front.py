"""The one origin of the local system: files, `/config.json`, `/api/` and `/ws`, as the CDN joins them on AWS.

What passes to the APIs, and what comes back, is decided by the CDN's own template: see cdn.py.
"""

import asyncio
import contextlib
import gzip
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from infra.stack.cdn import Behaviour, Cdn
from infra.stack.pages import Pages
from infra.stack.refusals import problem, refused

HOST = "127.0.0.1"
MAX_BODY_BYTES = 10 * 2**20  # API Gateway's limit; the API refuses less
HEADER_BYTES = 10_240  # API Gateway's quota of request line and headers together; its answer beyond is not documented
MOST_OF_A_HEADER = 20_480  # CloudFront's quota of all headers, of which one may be the most
MAX_FRAME_BYTES = 128 * 2**10  # API Gateway's limit of a message
MOST_KEPT = 1000
ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
OF_THE_HANDSHAKE = frozenset(
    ("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol")
)
NEEDED_FOR_A_HANDSHAKE = ("sec-websocket-key", "sec-websocket-version")  # RFC 6455 section 4.1
STATUS_OF_REFUSED_SOCKET = 502
CONFIG_PATH = "/config.json"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where both APIs are: base URLs to which a path with its stage is added. `pages`: all else. `hear`: is told what
    passes to and from the APIs, as text; tests know their secrets by it."""

    rest: str
    sockets: str
    cdn: Cdn
    config: Mapping[str, str]
    pages: Pages
    hear: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An origin's answer as it goes to clients."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def response(self) -> web.Response:
        return web.Response(status=self.status, headers=CIMultiDict(self.headers), body=self.body)


@dataclass(slots=True)
class Kept:
    """Answers that serve others for a while, as at the CDN's edge."""

    _answers: dict[tuple[object, ...], tuple[float, Answer]] = field(default_factory=dict)

    def get(self, key: tuple[object, ...], now_s: float) -> Answer | None:
        until_s, answer = self._answers.get(key, (now_s, None))
        return answer if now_s < until_s else None

    def put(self, key: tuple[object, ...], answer: Answer, until_s: float) -> None:
        if len(self._answers) >= MOST_KEPT:
            self._answers.clear()
        self._answers[key] = (until_s, answer)


class Front:
    """Serves on a thread of its own between `start` and `stop`."""

    def __init__(self, port: int, upstream: Upstream) -> None:
        self._port = port
        self._upstream = upstream
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="front", daemon=True)

    def __enter__(self) -> "Front":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, and return once the port is open.

        Raises:
            OSError: the port is taken.
        """
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        # Answers pass as they came, compressed or not, and no request waits for another's connection.
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, auto_decompress=False, skip_auto_headers=ADDED_BY_AIOHTTP
        ) as client:
            application = _application(client, self._upstream)
            runner = web.AppRunner(
                application,
                access_log=None,
                shutdown_timeout=1,
                max_field_size=MOST_OF_A_HEADER,
                max_line_size=MOST_OF_A_HEADER,
            )
            await runner.setup()
            try:
                await web.TCPSite(runner, HOST, self._port).start()
            except OSError as error:
                self._failure = error
            else:
                self._ready.set()
                await self._stopping.wait()
            finally:
                self._ready.set()
                await runner.cleanup()


def _application(client: aiohttp.ClientSession, upstream: Upstream) -> web.Application:
    cdn, kept = upstream.cdn, Kept()
    sockets: set[web.WebSocketResponse] = set()

    async def serve(request: web.Request) -> web.StreamResponse:
        behaviour = cdn.behaviour(request.path)
        if request.method not in behaviour.methods:
            return refused("This distribution is not configured to allow the HTTP request method of this request.")
        if request.method == "GET" and request.can_read_body:
            return refused("A GET request with a body.")
        match behaviour.origin:
            case "rest":
                return await _forward(client, upstream, behaviour, request, kept)
            case "sockets":
                return await _join(client, upstream, behaviour, request, sockets)
            case _:
                return _with_headers(await _file(upstream, request), behaviour)

    async def close_sockets(_app: web.Application) -> None:
        await asyncio.gather(*(open_one.close(code=1001, message=b"stopping") for open_one in set(sockets)))

    application = web.Application(client_max_size=MAX_BODY_BYTES)
    application.router.add_route("*", "/{path:(?s:.*)}", serve)
    application.on_shutdown.append(close_sockets)
    return application


async def _file(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    """A file of the bucket, or the page of the app."""
    if request.path == CONFIG_PATH:
        return web.json_response(dict(upstream.config), headers={"Cache-Control": "no-cache"})
    return await upstream.pages.serve(request)


async def _forward(
    client: aiohttp.ClientSession, upstream: Upstream, behaviour: Behaviour, request: web.Request, kept: Kept
) -> web.StreamResponse:
    """The REST API's answer, or one that was kept."""
    cdn, now_s = upstream.cdn, asyncio.get_running_loop().time()
    asked = list(request.headers.items())
    key = behaviour.key(request.method, request.raw_path, asked)
    if (known := kept.get(key, now_s)) is not None:
        return known.response()
    try:
        answer = await _asked(client, upstream, behaviour, request)
    except web.HTTPRequestEntityTooLarge:
        large = problem(413, "body_too_large", "The body is larger than the API takes.")
        return _with_headers(large, behaviour)
    except aiohttp.ClientError:
        gone = problem(502, "bad_gateway", "The local cloud does not answer. Is it stopping? See its log in .local.")
        return _with_headers(gone, behaviour)
    said = CIMultiDict(answer.headers).get("Cache-Control", "")
    if kept_s := cdn.kept_s(behaviour, request.method, answer.status, said):
        kept.put(key, answer, now_s + kept_s)
    return answer.response()


async def _asked(
    client: aiohttp.ClientSession, upstream: Upstream, behaviour: Behaviour, request: web.Request
) -> Answer:
    cdn, sent = upstream.cdn, await request.read()
    target = behaviour.target(request.raw_path)
    headers = cdn.sent(behaviour, request.headers.items(), _viewer(request))
    if len(target) + sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
        return Answer(400, behaviour.answer([("Content-Type", "text/html")]), b"<h1>Bad Request</h1>")
    async with client.request(
        request.method,
        URL(upstream.rest + target, encoded=True),
        headers=CIMultiDict(headers),
        data=sent or None,
        allow_redirects=False,
    ) as answer:
        body = await answer.read()
        _tell(upstream, request, sent, _unpacked(body, answer.headers.get("Content-Encoding")))
        counted = () if request.method == "HEAD" else ("content-length",)
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in counted]
        return Answer(answer.status, behaviour.answer(headers), body)


async def _join(
    client: aiohttp.ClientSession,
    upstream: Upstream,
    behaviour: Behaviour,
    request: web.Request,
    sockets: set[web.WebSocketResponse],
) -> web.StreamResponse:
    """Connect to the API before answering the upgrade, so that a refusal reaches the client as its status."""
    cdn = upstream.cdn
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return problem(426, "upgrade_required", "This address speaks WebSocket only.")
    if not all(map(behaviour.lets_pass, NEEDED_FOR_A_HANDSHAKE)):
        return web.Response(status=STATUS_OF_REFUSED_SOCKET)
    _tell(upstream, request)
    sent = cdn.sent(behaviour, request.headers.items(), _viewer(request))
    try:
        above = await client.ws_connect(
            URL(upstream.sockets + behaviour.target(request.raw_path), encoded=True),
            headers=CIMultiDict((name, value) for name, value in sent if name.lower() not in OF_THE_HANDSHAKE),
            max_msg_size=MAX_FRAME_BYTES,
        )
    except aiohttp.WSServerHandshakeError as refusal:
        return web.Response(status=refusal.status)
    except aiohttp.ClientError:
        return web.Response(status=STATUS_OF_REFUSED_SOCKET)
    async with above:
        below = web.WebSocketResponse(max_msg_size=MAX_FRAME_BYTES)
        with contextlib.suppress(ConnectionResetError):  # the client has gone meanwhile
            await below.prepare(request)
            sockets.add(below)
            try:
                ways = [asyncio.create_task(_pass(above, below)), asyncio.create_task(_pass(below, above))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
            finally:
                sockets.discard(below)
    return below


async def _pass(source: Any, target: Any) -> None:
    async for frame in source:
        if frame.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(frame.data)
        elif frame.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(frame.data)
    code = source.close_code or 1000
    await target.close(code=code if code not in (1005, 1006) else 1001)


def _tell(upstream: Upstream, request: web.Request, *bodies: bytes) -> None:
    """Let who listens hear an exchange."""
    if upstream.hear is not None:
        said = (request.raw_path, *request.headers.values(), *(body.decode(errors="replace") for body in bodies))
        upstream.hear("\n".join(said))


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    return gzip.decompress(body) if body and encoding == "gzip" else body


def _viewer(request: web.Request) -> tuple[str, int]:
    address, port = request.transport.get_extra_info("peername")[:2] if request.transport else ("", 0)
    return address, port


def _with_headers(answer: web.StreamResponse, behaviour: Behaviour) -> web.StreamResponse:
    answer.headers.update(behaviour.answered)
    return answer
