"""An agent as it is, its decisions, calls, keys and files, over the world in memory and virtual time.

Only the host is left out: any bundle can be made so at once.
"""

import base64
import json
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.adapters.control_plane.rest import RestControlPlane
from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.identity.trust import Keyring, Trust
from chalicelib.entrypoints import sockets
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Bye
from tests.builders import T0
from tests.fleet.hostless import HOST, Disk, WorldHttp, hostless
from tests.fleet.weather import Weather
from tests.rest_function import BY_THE_ORIGIN
from tests.world import Socket, World

SESSION_LIFE_S = 3600.0  # the world's clock stands in another year than the one that assertions are signed by
ROUNDS = 12


@dataclass
class FleetAgent:
    """One enrolled agent. Nothing happens by itself: `work`, `exchange` and `fire` move it."""

    world: World
    weather: Weather
    public_key: str
    device: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    disk: Disk = field(default_factory=Disk)
    taken: list[Fetched] = field(default_factory=list)
    is_running: bool = False
    exit_code: int | None = None
    peer_id: str = ""
    network_id: str = ""
    deadlines: dict[Timer, float] = field(default_factory=dict)
    _jobs: deque[ef.Job | ef.Observe] = field(default_factory=deque)
    _dialled: int | None = None
    _socket: Socket | None = None
    _number: int = 0
    _read: int = 0
    _up: list[Any] = field(default_factory=list)
    _down: list[Any] = field(default_factory=list)
    _former: dict[int, Socket] = field(default_factory=dict)
    _hung_up: list[Socket] = field(default_factory=list)
    _instances: int = 0
    _is_blinking: bool = False

    @property
    def device_key(self) -> str:
        return base64.b64encode(self.device.public_key().public_bytes_raw()).decode()

    @property
    def now_s(self) -> float:
        return (self.world.outside.clock.now() - T0).total_seconds()

    def enroll(self, token: str) -> bool:
        host = msgspec.to_builtins(HOST)
        body = {"token": token, "public_key": self.public_key, "device_key": self.device_key, "host": host}
        answer = self.world.api("POST", "/agent/enroll", body)
        if answer.status != 200:
            return False
        self.peer_id, self.network_id = answer.json["peer_id"], answer.json["network_id"]
        self.disk.keyring = Keyring(pinned=answer.json["signing_key"], current=answer.json["signing_key"])
        return True

    def start(self) -> None:
        """A new instance, from what lies on the disk."""
        assert self.disk.keyring is not None
        self._instances += 1
        trust = Trust(self.disk.keyring, self.disk.save_keyring)
        seed = base64.b64encode(self.device.private_bytes_raw()).decode()
        plane = RestControlPlane(WorldHttp(self.world, self.weather), self.network_id, self.peer_id, seed, trust)
        self._worker = hostless(plane, self.disk, emit=lambda event: None)
        self._plane = plane
        self.state: State = initial(self.network_id, self.peer_id, f"{self.peer_id} {self._instances}")
        self.is_running = True
        self._take(ev.Started(saved=self.disk.bundle(trust, self.network_id, self.peer_id)))

    def crash(self) -> None:
        """The process ends; what it was about to do and to hear is lost."""
        self.drop()
        self._jobs.clear()
        self.deadlines.clear()
        self._dialled, self._socket, self.is_running = None, None, False
        self._up, self._down = [], []

    def restart(self) -> None:
        if self.exit_code is None:
            self.crash()
            self.start()

    def leave(self) -> None:
        """The machine gives its peer up, while it has a session."""
        body = {"device_key": self.device_key, "void_files": True}
        token = self._plane.bearer() or "none"
        if self.is_running and self.world.api("POST", "/agent/leave", body, token=token).status < 300:
            self.crash()
            self.exit_code = 0

    def work(self, most: int = 1) -> None:
        """Do the next jobs that the core asked for."""
        while self._jobs and most > 0:
            most -= 1
            job = self._jobs.popleft()
            event = self._looked() if isinstance(job, ef.Observe) else self._worker.perform(job)
            if isinstance(event, ev.SessionOpened):
                event = replace(event, lifetime_s=SESSION_LIFE_S)
            if isinstance(event, ev.BundleFetched):
                self.taken.append(event.fetched)
            self._take(replace(event, at_s=self.now_s))

    def work_up_to_fetch(self) -> None:
        """Do all that stands before a fetch."""
        while self._jobs and not isinstance(self._jobs[0], ef.Fetch):
            self.work()

    def exchange(self) -> None:
        """Let frames go both ways, as the weather is."""
        if self._dialled is not None:
            self._dial()
        closing, self._hung_up = self.weather.carry(self._hung_up)
        for left in closing:
            left.close()
        socket = self._socket
        if socket is None:
            return
        if self._is_blinking and socket.connection is not None:
            self._is_blinking = False
            self.world.outside.gateway.open.add(socket.connection)
        arriving, self._up = self.weather.carry(self._up)
        for frame in arriving:
            socket.send(json.loads(encode(frame)))
        sent = socket.frames
        news, self._read = sent[self._read :], len(sent)
        arriving, self._down = self.weather.carry([*self._down, *news])
        for frame in arriving:
            self._take(ev.FrameReceived(socket=self._number, frame=_as_read(frame), at_s=self.now_s))
        if self._socket is socket and socket.connection not in self.world.outside.gateway.open:
            self.drop()

    def drop(self) -> None:
        """The socket breaks; the server hears of it later, or never."""
        socket, self._socket = self._socket, None
        if socket is None:
            return
        if socket.connection is not None:
            self.world.outside.gateway.open.discard(socket.connection)
        self._up, self._down = [], []
        self._hung_up.append(socket)
        self._take(ev.SocketClosed(socket=self._number, status=None, reason="broken", at_s=self.now_s))

    def blink(self) -> None:
        """Until it speaks again, the gateway answers 410 for it."""
        if self._socket is not None and self._socket.connection is not None:
            self.world.outside.gateway.open.discard(self._socket.connection)
            self._is_blinking = True

    @property
    def connection(self) -> str | None:
        return None if self._socket is None else self._socket.connection

    @property
    def due_s(self) -> float | None:
        return min(self.deadlines.values(), default=None)

    def stir(self) -> None:
        """Do what there is to do, and what that leads to, as far as the weather lets it."""
        for _ in range(ROUNDS):
            if self.is_busy:
                self.work(4)
                self.exchange()

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to do before the next timer."""
        has_news = self._socket is not None and (self._read < len(self._socket.frames) or bool(self._up or self._down))
        return bool(self._jobs) or self._dialled is not None or has_news

    def fire(self) -> None:
        """The timers that are due."""
        for timer in [timer for timer, at_s in self.deadlines.items() if at_s <= self.now_s]:
            self._fire(timer)

    def compare(self) -> None:
        """The hour is over: the whole bundle is looked at."""
        self._fire(Timer.FULL_FETCH)

    def _fire(self, timer: Timer) -> None:
        if self.deadlines.pop(timer, None) is not None:
            self._take(ev.TimerFired(timer=timer, at_s=self.now_s))

    @property
    def running(self) -> Fetched | None:
        """The bundle in force."""
        return self._worker.host.in_force.bundle

    def _dial(self) -> None:
        number, self._dialled = self._dialled, None
        assert number is not None
        socket = Socket(self.world)
        headers = {**BY_THE_ORIGIN, "Authorization": f"Bearer {self._plane.bearer()}"}
        handshake = {"headers": headers, "methodArn": "arn"}
        policy = sockets.authorize(handshake)
        if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            self._take(ev.SocketClosed(socket=number, status=403, reason="refused", at_s=self.now_s))
            return
        if self.weather.breaks():
            self._take(ev.SocketClosed(socket=number, status=None, reason="broken", at_s=self.now_s))
            return
        socket.context = policy["context"]
        socket.open()
        if self._socket is not None:
            self._former[self._number] = self._socket
        self._socket, self._number, self._read, self._up, self._down = socket, number, 0, [], []
        self._take(ev.SocketOpened(socket=number, at_s=self.now_s))

    def _take(self, event: ev.Event) -> None:
        if not self.is_running:
            return
        self.state, effects = step(self.state, event)
        for effect in effects:
            self._perform(effect)

    def _hang_up(self, number: int) -> None:
        if self._socket is not None and number == self._number:
            socket, self._socket = self._socket, None
            self._hung_up.append(socket)
        elif number in self._former:
            self._hung_up.append(self._former.pop(number))

    def _looked(self) -> ev.Observed:
        return ev.Observed(host=HOST, seen=(), at_s=self.now_s)

    def _perform(self, effect: ef.Effect) -> None:
        match effect:
            case ef.SetTimer(timer, low_s, high_s):
                self.deadlines[timer] = self.now_s + self.weather.random.uniform(low_s, high_s)
            case ef.CancelTimer(timer):
                self.deadlines.pop(timer, None)
            case ef.Send(number, frame):
                if self._socket is not None and number == self._number:
                    self._up.append(frame)
            case ef.OpenSocket(number):
                self._dialled = number
            case ef.CloseSocket(number):
                self._hang_up(number)
            case ef.Exit(code):
                self.exit_code = code
                self.crash()
            case ef.Log() | ef.WatchTunnels():
                pass
            case _:
                self._jobs.append(effect)


def _as_read(frame: Any) -> Any:
    """A frame of the gateway in memory as an agent parses it."""
    return Bye(reason=frame[1]) if isinstance(frame, tuple) else frame
