"""How long the machine before may still speak when its peer's token is re-issued, against the deployed local cloud.

It does what it can to stay: heartbeats on its socket, calls by REST, new sockets and new sessions, one after the other.
"""

import base64
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import msgspec
import requests
import websocket
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.wire.agent import Enrolled, EnrollRequest, Session, SessionRequest
from chalicelib.wire.codec import decode, encode
from chalicelib.wire.frames import Heartbeat, Hello
from chalicelib.wire.peers import Host
from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say

ROUNDS = 25
BEFORE_S = 1.0
WATCHED_S = 3.0  # after the request, beyond the bar
ANSWERS_S = 30.0
CALLS_S = 0.02  # between two attempts of one kind

BARS = (Bar("revoked_access_ms", 2_000),)


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        return measured_on(stack, say, ROUNDS)


def measured_on(stack: LocalStack, say: Say, rounds: int) -> list[Figure]:
    """The longest of all rounds: with fewer than a hundred, the 99th of a hundred is the last."""
    operator = Operator(stack.info)
    network = operator.network()
    taken: list[float] = []
    for number in range(rounds):
        machine = Machine(stack.info)
        peer = operator.call("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": f"site {number}"})
        machine.come(peer["enrollment_token"])
        asked, answered = machine.stays(partial(operator.reissue, network, machine.peer_id))
        taken.append(max(0.0, max(machine.accepted.values(), default=asked) - asked) * 1000)
        last = max(machine.accepted, key=machine.accepted.__getitem__, default="nothing")
        took = f"the request took {(answered - asked) * 1000:.0f} ms"
        say(f"round {number + 1} of {rounds}: {last} was accepted for {taken[-1]:.0f} ms; {took}")
    return [
        Figure("revoked_access_ms", round(max(taken), 1), "ms", rounds),
        Figure("revoked_access_p50_ms", round(sorted(taken)[len(taken) // 2], 1), "ms", rounds),
    ]


GROUP = Group("how long a machine speaks on whose peer's token was re-issued", measure, BARS)


@dataclass(frozen=True, slots=True)
class Operator:
    """Calls with the administrator's token."""

    info: dict[str, str]

    def network(self) -> str:
        name = f"bench-{uuid.uuid4().hex[:8]}"
        free = self.call("GET", "/ipam/suggestions?base=10.77.0.0/16&peers=254&count=1")["items"][0]
        return str(self.call("POST", "/networks", {"name": name, "cidr": free})["id"])

    def reissue(self, network: str, peer_id: str) -> None:
        self.call("POST", f"/networks/{network}/peers/{peer_id}/enrollment-token")

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.info['api_token']}"}
        answer = requests.request(method, self.info["api_url"] + path, json=body, headers=headers, timeout=ANSWERS_S)
        answer.raise_for_status()
        return answer.json()


@dataclass
class Machine:
    """An agent that will not go. `accepted`: when it last sent what was accepted, by kind."""

    info: dict[str, str]
    device: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    accepted: dict[str, float] = field(default_factory=dict)
    peer_id: str = ""
    network_id: str = ""
    session: str = ""
    seq: int = 0
    _held: websocket.WebSocket | None = None

    def come(self, token: str) -> None:
        """Enrol and open a session."""
        device_key = base64.b64encode(self.device.public_key().public_bytes_raw()).decode()
        public_key = base64.b64encode(os.urandom(32)).decode()
        host = Host(hostname="bench", os="linux", agent_version="0")
        enroll = EnrollRequest(token=token, public_key=public_key, device_key=device_key, host=host)
        enrolled = decode(self._post("/agent/enroll", enroll).content, Enrolled)
        self.peer_id, self.network_id = enrolled.peer_id, enrolled.network_id
        self.session = decode(self._opened().content, Session).session

    def stays(self, revoke: Callable[[], None]) -> tuple[float, float]:
        """Try everything before, while and after access is revoked; answers when that was asked for, and answered."""
        self._held = self._socket()
        end = threading.Event()
        threads = [threading.Thread(target=self._try, args=(name, way, end)) for name, way in self._ways().items()]
        for thread in threads:
            thread.start()
        time.sleep(BEFORE_S)
        asked = time.monotonic()
        revoke()
        answered = time.monotonic()
        time.sleep(max(0.0, WATCHED_S - (answered - asked)))
        end.set()
        for thread in threads:
            thread.join(ANSWERS_S)
        return asked, answered

    def tries_again(self) -> None:
        """Each way once."""
        for name, way in self._ways().items():
            self._try_once(name, way)

    def _ways(self) -> Mapping[str, Callable[[], bool]]:
        return {
            "its socket": self._is_acknowledged,
            "a new socket": self._is_welcome_again,
            "a heartbeat by REST": lambda: self._post("/agent/heartbeat", self._beat(), self.session).ok,
            "a bundle": lambda: self._get("/agent/bundle").ok,
            "a new session": lambda: self._opened().ok,
        }

    def _try(self, name: str, way: Callable[[], bool], end: threading.Event) -> None:
        while not end.wait(CALLS_S):
            self._try_once(name, way)

    def _try_once(self, name: str, way: Callable[[], bool]) -> None:
        sent = time.monotonic()
        with suppress(OSError, websocket.WebSocketException, requests.RequestException):
            if way():
                self.accepted[name] = sent

    def _socket(self) -> websocket.WebSocket:
        """Open one, and be welcome."""
        socket = websocket.create_connection(
            self.info["ws_url"], header=[f"Authorization: Bearer {self.session}"], timeout=WATCHED_S
        )
        hello = Hello(instance_id="bench", generation=1, revision=0, hash="")
        socket.send(encode(hello).decode())
        if _said(socket) != "welcome":
            raise ConnectionError("not welcome")
        return socket

    def _is_welcome_again(self) -> bool:
        self._socket().close()
        return True

    def _is_acknowledged(self) -> bool:
        if self._held is None:
            return False
        self._held.send(encode(self._beat()).decode())
        return _said(self._held) == "ack"

    def _beat(self) -> Heartbeat:
        self.seq += 1
        return Heartbeat(instance_id="bench", seq=self.seq, generation=1, revision=0, hash="")

    def _opened(self) -> requests.Response:
        now = int(time.time())
        claims = {"sub": self.peer_id, "network_id": self.network_id, "aud": "wirety", "jti": uuid.uuid4().hex}
        assertion = jwt.encode({**claims, "iat": now, "exp": now + 60}, self.device, algorithm="EdDSA")
        return self._post("/agent/session", SessionRequest(assertion=assertion))

    def _post(self, path: str, body: object, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(self.info["api_url"] + path, data=encode(body), headers=headers, timeout=ANSWERS_S)

    def _get(self, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.session}"}
        return requests.get(self.info["api_url"] + path, headers=headers, timeout=ANSWERS_S)


def _said(socket: websocket.WebSocket) -> str:
    """The kind of the next frame that is an answer: hints come at any time."""
    while True:
        frame = socket.recv()
        if not frame:
            raise ConnectionError("closed")
        kind = str(msgspec.json.decode(frame)["type"])
        if kind != "config_changed":
            return kind
