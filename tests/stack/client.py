"""An agent without a tunnel, and an operator, against the deployed stack."""

import base64
import json
import os
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
import requests
import websocket
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.stack.local_stack import LocalStack

FRAME_WITHIN_S = 15
ANSWER_WITHIN_S = 120  # of patience, for a loaded machine


def a_random_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@dataclass
class Operator:
    """Calls the API with the administrator's token."""

    stack: LocalStack

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> requests.Response:
        info = self.stack.info
        headers = {"Authorization": f"Bearer {token or info['api_token']}"}
        return requests.request(method, info["api_url"] + path, json=body, headers=headers, timeout=ANSWER_WITHIN_S)

    def network(self) -> str:
        """A network of its own; the first free of some ranges."""
        [free] = self.call("GET", "/ipam/suggestions?base=10.77.0.0/16&peers=254&count=1").json()["items"]
        body = {"name": f"n-{uuid.uuid4().hex[:8]}", "cidr": free}
        return str(self.call("POST", "/networks", body).json()["id"])

    def peer(self, network: str, **body: object) -> Any:
        answer = self.call("POST", f"/networks/{network}/peers", body)
        assert answer.status_code == 201, answer.text
        return answer.json()


@dataclass
class SocketAgent:
    """Enrols, opens a session and a socket, and reads frames."""

    operator: Operator
    device: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def enroll(self, token: str) -> None:
        device_key = base64.b64encode(self.device.public_key().public_bytes_raw()).decode()
        host = {"hostname": "h", "os": "linux", "agent_version": "0"}
        body = {"token": token, "public_key": a_random_key(), "device_key": device_key, "host": host}
        enrolled = self.operator.call("POST", "/agent/enroll", body).json()
        self.peer_id, self.network_id = enrolled["peer_id"], enrolled["network_id"]

    def open_session(self) -> requests.Response:
        now = int(time.time())
        claims = {"sub": self.peer_id, "network_id": self.network_id, "aud": "wirety", "jti": uuid.uuid4().hex}
        assertion = jwt.encode({**claims, "iat": now, "exp": now + 60}, self.device, algorithm="EdDSA")
        answer = self.operator.call("POST", "/agent/session", {"assertion": assertion})
        if answer.status_code == 200:
            self.session = str(answer.json()["session"])
        return answer

    def connect(self) -> Any:
        """Open a session and a socket, say hello; answers the welcome."""
        assert self.open_session().status_code == 200
        url = self.operator.stack.info["ws_url"]
        self.socket = websocket.create_connection(
            url, header=[f"Authorization: Bearer {self.session}"], timeout=FRAME_WITHIN_S
        )
        return self.ask({"type": "hello", "instance_id": "i", "generation": 0, "revision": 0, "hash": ""}, "welcome")

    def ask(self, frame: dict[str, object], answer: str) -> Any:
        self.socket.send(json.dumps(frame))
        return self.frame(answer)

    def frame(self, kind: str, revision: int = 0) -> Any:
        """The next frame of a kind; hints of earlier changes may come late, or twice."""
        while True:
            frame = json.loads(self.socket.recv())
            if frame["type"] == kind and frame.get("revision", revision) >= revision:
                return frame

    def bundle(self, since: int | None = None) -> requests.Response:
        query = "" if since is None else f"?since={since}&generation=1"
        return self.operator.call("GET", f"/agent/bundle{query}", token=self.session)
