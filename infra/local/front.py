"""The one origin of the local system: files, `/config.json`, `/api/` and `/ws`, as the CDN joins them on AWS.

Stage names are the first path segments, so a request goes on with its path as it is. Like the CDN it
adds the viewer's address and the origin's secret, and takes both from nobody.
"""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from infra.local.pages import Pages

HOST = "127.0.0.1"
MAX_BODY_BYTES = 10 * 2**20  # API Gateway's limit; the API refuses less
MAX_FRAME_BYTES = 128 * 2**10  # API Gateway's limit of a message
VIEWER = "CloudFront-Viewer-Address"
SECRET = "X-Origin-Secret"  # noqa: S105 the header's name
OF_THE_CONNECTION = frozenset(
    ("connection", "content-encoding", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding")
)
OF_THE_HANDSHAKE = frozenset(("upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"))
STATUS_OF_REFUSED_SOCKET = 502


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where both APIs are: base URLs to which a path with its stage is added. `pages`: all else."""

    rest: str
    sockets: str
    origin_secret: str
    config: Mapping[str, str]
    pages: Pages


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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as client:
            runner = web.AppRunner(_application(client, self._upstream), access_log=None, shutdown_timeout=1)
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
    sockets: set[web.WebSocketResponse] = set()

    async def rest(request: web.Request) -> web.StreamResponse:
        return await _forward(client, upstream, request)

    async def socket(request: web.Request) -> web.StreamResponse:
        return await _join(client, upstream, request, sockets)

    async def config(_request: web.Request) -> web.Response:
        return web.json_response(dict(upstream.config), headers={"Cache-Control": "no-cache"})

    async def close_sockets(_app: web.Application) -> None:
        await asyncio.gather(*(open_one.close(code=1001, message=b"stopping") for open_one in set(sockets)))

    application = web.Application(client_max_size=MAX_BODY_BYTES)
    application.router.add_get("/config.json", config)
    application.router.add_get("/ws", socket)
    application.router.add_route("*", "/api/{path:(?s:.*)}", rest)
    application.router.add_get("/{path:(?s:.*)}", upstream.pages.serve)
    application.on_shutdown.append(close_sockets)
    return application


async def _forward(client: aiohttp.ClientSession, upstream: Upstream, request: web.Request) -> web.StreamResponse:
    body = await request.read()
    try:
        async with client.request(
            request.method,
            upstream.rest + request.raw_path,
            headers=_headers(request, upstream, without=OF_THE_CONNECTION - {"content-encoding"}),
            data=body or None,
            allow_redirects=False,
        ) as answer:
            headers = CIMultiDict(
                (name, value)
                for name, value in answer.headers.items()
                if name.lower() not in OF_THE_CONNECTION or name.lower() == "content-encoding"
            )
            return web.Response(status=answer.status, headers=headers, body=await answer.read())
    except aiohttp.ClientError:
        return _problem(502, "bad_gateway", "The local cloud does not answer. Is it stopping? See its log in .local.")


async def _join(
    client: aiohttp.ClientSession, upstream: Upstream, request: web.Request, sockets: set[web.WebSocketResponse]
) -> web.StreamResponse:
    """Connect to the API before answering the upgrade, so that a refusal reaches the client as its status."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return _problem(426, "upgrade_required", "This address speaks WebSocket only.")
    try:
        above = await client.ws_connect(
            upstream.sockets + request.raw_path,
            headers=_headers(request, upstream, without=OF_THE_CONNECTION | OF_THE_HANDSHAKE),
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


def _headers(request: web.Request, upstream: Upstream, without: frozenset[str]) -> CIMultiDict[str]:
    hidden = without | {VIEWER.lower(), SECRET.lower()}
    headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in hidden)
    address, port = request.transport.get_extra_info("peername")[:2] if request.transport else ("", 0)
    headers[VIEWER] = f"{address}:{port}"
    headers[SECRET] = upstream.origin_secret
    return headers


def _problem(status: int, code: str, detail: str) -> web.Response:
    body = {"title": code.replace("_", " "), "status": status, "code": code, "detail": detail, "type": "about:blank"}
    return web.json_response(body, status=status, content_type="application/problem+json")
