"""Agents without tunnels that lose their control plane: `python -m scripts.bench.lost AGENTS SECONDS`, in a network
namespace of its own.

Their decisions, sockets and calls are the agent's own; the control plane is a small one on loopback. As many meet one
that is stopped, so that tries are refused, as one whose packets are dropped. Out comes a Returns as one line of JSON.
"""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from time import monotonic

import msgspec
from aiohttp import WSMsgType, web

from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.rest import Http, RestControlPlane
from agent.adapters.control_plane.socket import WebSocketPush
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial
from agent.errors import Outage
from agent.host.tunnel.liveness import Target
from agent.identity.keys import new_device_key
from agent.identity.trust import Keyring, Trust
from agent.run.loop import Runtime
from agent.settings import socket_url
from chalicelib.wire.agent import Session
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Ack, FromAgent, Heartbeat, Hello, Welcome
from chalicelib.wire.peers import Host
from scripts.bench.simulation import MADE, NETWORK_ID, a_bundle

MARK = 0x5759
SETTLE_S = 12.0  # the first heartbeats are through
RETURN_S = 60.0
HEARTBEAT_S = 5  # so that all notice that packets are dropped
SESSION = timedelta(hours=1)


class Returns(msgspec.Struct, frozen=True):
    """Seconds from the end of the outage to each agent's welcome."""

    refused: list[float]
    dropped: list[float]


@dataclass
class Plane:
    """A control plane with nothing new. `welcomed`: instance → when it last was."""

    port: int = 0
    welcomed: dict[str, float] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _runner: web.AppRunner | None = None

    def start(self) -> None:
        if not self._loop.is_running():
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(RETURN_S)

    def stop(self) -> None:
        assert self._runner is not None
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(RETURN_S)

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/api/v1/agent/session", self._session)
        app.router.add_get("/ws", self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def _session(self, _: web.Request) -> web.Response:
        opened = Session(session="session", expires_at=datetime.now(UTC) + SESSION)
        return web.Response(body=encode(opened), content_type="application/json")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = msgspec.json.decode(message.data, type=FromAgent)
            if isinstance(frame, Hello):
                welcome = Welcome(generation=0, wanted=1, heartbeat_interval_s=HEARTBEAT_S)
                await socket.send_str(encode(welcome).decode())
                self.welcomed[frame.instance_id] = monotonic()
            elif isinstance(frame, Heartbeat):
                await socket.send_str(encode(Ack(seq=frame.seq, generation=0, wanted=1, nonce="n")).decode())
        return socket


class Hostless:
    """Does an agent's jobs where there is no host: only what goes to the control plane is done."""

    def __init__(self, plane: RestControlPlane, emit: Callable[[ev.Event], None]) -> None:
        self._plane, self._emit = plane, emit
        self._jobs: SimpleQueue[ef.Job] = SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def put(self, job: ef.Job) -> None:
        self._jobs.put(job)

    def observe(self, every_s: float) -> None:  # noqa: ARG002 - a host that never changes
        host = Host(hostname="bench", os="linux", agent_version="0")
        self._emit(ev.Observed(host=host, seen=(), at_s=monotonic()))

    def watch(self, targets: Sequence[Target]) -> None:
        """Nobody's tunnels."""

    def _work(self) -> None:
        while True:
            match self._jobs.get():
                case ef.OpenSession():
                    self._emit(self._session())
                case ef.Fetch():
                    self._emit(ev.BundleUnchanged(at_s=monotonic()))
                case ef.Apply(fetched):
                    self._emit(ev.BundleApplied(fetched=fetched, made=MADE, at_s=monotonic()))
                case ef.Reconcile():
                    self._emit(ev.Reconciled(made=MADE, at_s=monotonic()))
                case ef.Post(frame):
                    self._emit(ev.PostFailed(frame=frame, status=None, reason="not asked here", at_s=monotonic()))
                case _:
                    continue

    def _session(self) -> ev.Event:
        try:
            return ev.SessionOpened(lifetime_s=self._plane.open_session(), at_s=monotonic())
        except Outage as away:
            return ev.SessionFailed(status=away.status, reason=away.reason, at_s=monotonic())


def run_agent(plane: Plane, instance: str) -> None:
    url, queue = f"http://127.0.0.1:{plane.port}", SimpleQueue[ev.Event]()
    trust, dialler = Trust(Keyring(pinned="", current=""), lambda _: None), Dialler(MARK)
    peer_id = f"dyn_{instance}"
    calls = RestControlPlane(Http(url, dialler), NETWORK_ID, peer_id, new_device_key(), trust)
    hostless = Hostless(calls, queue.put)
    push = WebSocketPush(socket_url(url), calls.bearer, queue.put, dialler)
    state = initial(NETWORK_ID, peer_id, instance)
    runtime = Runtime(state, hostless.put, push, hostless, hostless, queue, show=_nobody_looks)
    queue.put(ev.Started(saved=a_bundle(peer_id), at_s=monotonic()))
    threading.Thread(target=runtime.run, daemon=True).start()


def _nobody_looks(_: State) -> None:
    pass


def lose(agents: int, outage_s: float) -> Returns:
    refusing, dropping = Plane(), Plane()
    for plane in (refusing, dropping):
        plane.start()
        for number in range(agents):
            run_agent(plane, f"{plane.port}_{number}")
    _wait(lambda: len(refusing.welcomed) == len(dropping.welcomed) == agents)
    time.sleep(SETTLE_S)
    _nft(f"table inet away {{ chain c {{ type filter hook input priority 0; tcp dport {dropping.port} drop; }}; }}")
    refusing.stop()
    time.sleep(outage_s)
    back_at = monotonic()
    _nft("delete table inet away")
    refusing.start()
    _wait(lambda: all(len(_since(plane, back_at)) == agents for plane in (refusing, dropping)))
    return Returns(refused=_since(refusing, back_at), dropped=_since(dropping, back_at))


def _since(plane: Plane, back_at: float) -> list[float]:
    return [round(at - back_at, 2) for at in list(plane.welcomed.values()) if at >= back_at]


def _wait(claim: Callable[[], bool]) -> None:
    until = monotonic() + RETURN_S
    while not claim():
        if monotonic() > until:
            raise TimeoutError("not all agents are connected in time")
        time.sleep(0.05)


def _nft(rules: str) -> None:
    subprocess.run(["nft", rules], check=True)


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(encode(lose(int(sys.argv[1]), float(sys.argv[2]))).decode())
