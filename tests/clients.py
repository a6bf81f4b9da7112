"""Agents of the control plane in memory, and the sockets of all who have one."""

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib.domain.ids import ConnectionId
from chalicelib.entrypoints import sockets
from chalicelib.wire import delta
from chalicelib.wire.codec import content_hash
from chalicelib.wire.frames import ConfigChanged
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject
from tests.builders import a_key
from tests.deployment import MemoryDeployment
from tests.rest_function import BY_THE_ORIGIN, Answer

HOST = {"hostname": "web-1", "os": "linux", "agent_version": "0.1.0"}


@dataclass
class Socket:
    """A client's end of a socket, as API Gateway calls the functions for it."""

    world: MemoryDeployment
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
