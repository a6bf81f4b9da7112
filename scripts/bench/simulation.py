"""The agent over long outages: its real core, log and connections in simulated time, without a host under them."""

import contextlib
import gc
import io
import logging
import os
import random
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue

from agent.adapters.control_plane.rest import Http, RestControlPlane
from agent.adapters.control_plane.socket import WebSocketPush
from agent.bundle.received import Fetched, Received, whole
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.errors import Outage
from agent.host.results import ApplyResult
from agent.identity.keys import new_device_key, new_wireguard_key, wireguard_public_key
from agent.identity.trust import Keyring, Trust
from agent.logs import JsonLines
from chalicelib.wire.bundle import Bundle, BundlePeer, Detection, Dns, Firewall, Interface
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Welcome
from chalicelib.wire.peers import Host

NETWORK_ID, PEER_ID = "net_simulated", "dyn_simulated"
DAY_S = 24 * 3600.0
RECONNECTS = 10_000
WARM_UP = 1_000
WITHIN_S = 10.0
SESSION_S = 3600.0
MADE = ApplyResult(is_changed=False)
LOG = logging.getLogger("agent")


class Lines(io.StringIO):
    """Counts the lines written to it, and keeps none."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def write(self, text: str) -> int:
        self.count += text.count("\n")
        return len(text)


class Nobody:
    """A control plane that is away: real calls and real sockets to a port where nobody listens."""

    def __init__(self, emit: Callable[[ev.Event], None]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        trust = Trust(Keyring(pinned="", current=""), lambda _: None)
        self._calls = RestControlPlane(Http(f"http://127.0.0.1:{port}"), NETWORK_ID, PEER_ID, new_device_key(), trust)
        self._push = WebSocketPush(f"ws://127.0.0.1:{port}/ws", self._calls.bearer, emit)

    def session(self) -> ev.Event:
        try:
            return ev.SessionOpened(lifetime_s=self._calls.open_session())
        except Outage as outage:
            return ev.SessionFailed(status=outage.status, reason=outage.reason)

    def open(self, number: int) -> None:
        self._push.open(number)


@dataclass
class Simulation:
    """An agent with a bundle in force. `is_away`: whether this very attempt to connect meets nobody."""

    is_away: Callable[[int], bool]
    now_s: float = 0.0
    attempts: int = 0
    connected: int = 0
    state: State = field(init=False)
    _uniform: Callable[[float, float], float] = field(default_factory=lambda: random.Random(7).uniform)
    _deadlines: dict[Timer, float] = field(default_factory=dict)
    _events: deque[ev.Event] = field(default_factory=deque)
    _arrived: SimpleQueue[ev.Event] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        self.state = initial(NETWORK_ID, PEER_ID, "simulated")
        self._nobody = Nobody(self._arrived.put)
        self._events.append(ev.Started(saved=a_bundle()))

    def run(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            event = self._events.popleft() if self._events else self._fired()
            self.state, effects = step(self.state, replace(event, at_s=self.now_s))
            for effect in effects:
                self._perform(effect)

    def _fired(self) -> ev.Event:
        timer = min(self._deadlines, key=self._deadlines.__getitem__)
        self.now_s = max(self.now_s, self._deadlines.pop(timer))
        return ev.TimerFired(timer=timer)

    def _perform(self, effect: ef.Effect) -> None:
        match effect:
            case ef.SetTimer():
                self._deadlines[effect.timer] = self.now_s + self._uniform(effect.low_s, effect.high_s)
            case ef.CancelTimer():
                self._deadlines.pop(effect.timer, None)
            case ef.Log():
                LOG.log(effect.level, effect.event, extra=dict(effect.fields))
            case ef.OpenSession():
                self.attempts += 1
                away = self.is_away(self.attempts)
                self._events.append(self._nobody.session() if away else ev.SessionOpened(lifetime_s=SESSION_S))
            case ef.OpenSocket():
                self._open(effect.socket)
            case ef.Observe():
                self._events.append(ev.Observed(host=Host(hostname="h", os="o", agent_version="0"), seen=()))
            case ef.Apply():
                self._events.append(ev.BundleApplied(fetched=effect.fetched, made=MADE))
            case ef.Reconcile():
                self._events.append(ev.Reconciled(made=MADE))
            case ef.Fetch():
                self._events.append(ev.BundleUnchanged())
            case _:
                return  # frames that nobody reads

    def _open(self, number: int) -> None:
        """A socket that meets nobody; or one that is welcomed, and lost again."""
        self.attempts += 1
        if self.is_away(self.attempts):
            self._nobody.open(number)
            try:
                self._events.append(self._arrived.get(timeout=WITHIN_S))
            except Empty:
                raise TimeoutError("the refused socket was not reported") from None
            return
        self.connected += 1
        welcome = Welcome(generation=0, wanted=1, heartbeat_interval_s=540)
        self._events += (
            ev.SocketOpened(socket=number),
            ev.FrameReceived(socket=number, frame=welcome),
            ev.SocketClosed(socket=number, status=None, reason="the socket was closed"),
        )


def offline_log_lines(seconds: float = DAY_S) -> int:
    """Lines at INFO and above of an agent whose control plane is away for so long."""
    lines = Lines()
    with _logged_to(lines):
        simulation = Simulation(is_away=lambda _: True)
        simulation.run(lambda: simulation.now_s >= seconds)
    return lines.count


def rss_growth_mb(reconnects: int = RECONNECTS, warm_up: int = WARM_UP) -> float:
    """How much more memory is resident after so many reconnects, of which every third attempt meets nobody."""
    with _logged_to(Lines()):
        simulation = Simulation(is_away=lambda attempt: attempt % 3 == 0)
        simulation.run(lambda: simulation.connected >= warm_up)
        before = _own_mb()
        simulation.run(lambda: simulation.connected >= warm_up + reconnects)
    return round(_own_mb() - before, 2)


@contextlib.contextmanager
def _logged_to(lines: Lines) -> Iterator[None]:
    """The agent's log goes there alone, as it is written by the real formatter."""
    handlers, level, propagates = LOG.handlers, LOG.level, LOG.propagate
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonLines())
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.handlers, LOG.propagate = handlers, propagates
        LOG.setLevel(level)


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def _own_mb() -> float:
    gc.collect()
    return resident_mb(os.getpid())


def a_bundle(peer_id: str = PEER_ID) -> Fetched:
    hub = BundlePeer(
        peer_id="jmp_1",
        public_key=wireguard_public_key(new_wireguard_key()),
        preshared_key=None,
        endpoint="203.0.113.1:51820",
        allowed_ips=["10.9.0.0/24"],
        persistent_keepalive=25,
    )
    bundle = Bundle(
        generation=0,
        revision=1,
        network_id=NETWORK_ID,
        peer_id=peer_id,
        is_blocked=False,
        next_signing_key="",
        interface=Interface(addresses=["10.9.0.2/24"], listen_port=None, mtu=1420),
        peers=[hub],
        firewall=Firewall(forward=False),
        dns=Dns(domain="lab.internal", resolvers=[], records=[]),
        detection=Detection(),
    )
    return whole(Received(encode(bundle).decode(), "", is_delta=False))
