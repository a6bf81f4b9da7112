"""One writer's way to the API, and the tally of what was answered."""

import base64
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import requests

CALL_S = 60.0
HOST = {"hostname": "bench", "os": "linux", "agent_version": "0"}
GONE, BLOCKED = "404 peer_not_found", "409 peer_blocked"
BUSY = "503 busy"


@dataclass
class Tally:
    """What was answered. `said`: how often each call was answered how."""

    wrong: list[str] = field(default_factory=list)
    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    @property
    def answers(self) -> int:
        return self.said.total()

    @property
    def busy(self) -> int:
        return sum(times for (_, said), times in self.said.items() if said == BUSY)

    def add(self, call: str, said: str, is_right: bool, detail: str) -> None:
        with self.lock:
            self.said[call, said] += 1
            if not is_right:
                self.wrong.append(f"{call}: {said} {detail}")


@dataclass
class Caller:
    """One writer's way to the API. `said`: the last answer, as status and code."""

    api_url: str
    token: str
    tally: Tally
    http: requests.Session = field(default_factory=requests.Session)
    said: str = ""

    def __post_init__(self) -> None:
        self.http.trust_env = False  # loopback is reached by no proxy

    def ask(
        self,
        call: str,
        method: str,
        path: str,
        body: object = None,
        *,
        may: Iterable[str],
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a call and hold its answer against what it may be; answers the body of a success, else None."""
        sent = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        try:
            answer = self.http.request(method, self.api_url + path, json=body, headers=sent, timeout=CALL_S)
        except requests.RequestException as error:
            self.tally.add(call, "no answer", is_right=False, detail=str(error))
            return None
        self.said = str(answer.status_code) if answer.ok else f"{answer.status_code} {_code(answer)}"
        waits = self.said == BUSY and "Retry-After" in answer.headers
        self.tally.add(call, self.said, waits or self.said in may, answer.text[:200])
        if not answer.ok:
            return None
        return answer.json() if answer.content else {}


def _code(answer: requests.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "without a code"


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()
