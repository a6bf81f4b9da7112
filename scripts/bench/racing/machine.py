"""A machine that enrols, rotates its key and leaves, again and again."""

import base64
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.bench.racing.caller import BLOCKED, HOST, Caller, a_key

ASSERTED_S = 60
SESSIONS = 4  # that an agent tries to say one thing with
ENDED = "401 unauthenticated"  # a re-issue ends the sessions before it, when it is delivered


@dataclass
class Machine:
    """Enrols, rotates its key twice, leaves, and again as another machine."""

    caller: Caller
    peer_id: str
    network: str

    def act(self) -> None:
        where = f"{self.network}/peers/{self.peer_id}/enrollment-token"
        reissued = self.caller.ask("enrollment-token of a host", "POST", where, may=("201",))
        if reissued is None:
            return
        device, key = Ed25519PrivateKey.generate(), a_key()
        device_key = base64.b64encode(device.public_key().public_bytes_raw()).decode()
        body = {"token": reissued["enrollment_token"], "device_key": device_key, "public_key": key, "host": HOST}
        enrolled = self.caller.ask("enroll a host", "POST", "/agent/enroll", body, may=("200",))
        if enrolled is None:
            return
        agent = Agent(self.caller, enrolled, device)
        for following in (a_key(), a_key()):
            agent.ask("keys", {"public_key": key, "next_key": following}, "200", BLOCKED)
            agent.ask("keys", {"public_key": following}, "200", BLOCKED)
            key = following
        agent.ask("leave", {"device_key": device_key}, "204")


@dataclass
class Agent:
    """What runs on a machine that has enrolled."""

    caller: Caller
    enrolled: Mapping[str, str]
    device: Ed25519PrivateKey
    session: str = ""

    def ask(self, action: str, body: Mapping[str, object], *may: str) -> None:
        """With a session, and with another when that has ended."""
        for _ in range(SESSIONS):
            if self.session:
                self.caller.ask(action, "POST", f"/agent/{action}", body, may=(*may, ENDED), token=self.session)
                if self.caller.said != ENDED:
                    return
            self.session = self._opened()

    def _opened(self) -> str:
        now = int(time.time())
        claims = {"sub": self.enrolled["peer_id"], "network_id": self.enrolled["network_id"], "aud": "wirety"}
        times = {"iat": now, "exp": now + ASSERTED_S, "jti": uuid.uuid4().hex}
        assertion = jwt.encode({**claims, **times}, self.device, algorithm="EdDSA")
        opened = self.caller.ask("session", "POST", "/agent/session", {"assertion": assertion}, may=("200",))
        return "" if opened is None else str(opened["session"])
