"""Which stack to talk to: what `make run` left in `.local/wirety.json`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import msgspec
import requests

INFO = Path(".local/wirety.json")
HEALTH_S = 5.0


class NotRunning(Exception):
    """No local stack answers; the message says how to start one."""


class Info(msgspec.Struct, frozen=True):
    """The part of the file that matters here."""

    origin: str
    api_url: str
    api_token: str
    agent_command: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """`port`: the origin's on loopback. `agent_command`: an installed agent's path."""

    api_url: str
    api_token: str
    agent_command: str
    port: int

    @classmethod
    def of(cls, info: Info) -> Self:
        return cls(info.api_url, info.api_token, info.agent_command, urlsplit(info.origin).port or 80)

    @classmethod
    def running(cls, path: Path = INFO) -> Self:
        """The stack of this checkout.

        Raises:
            NotRunning
        """
        try:
            found = cls.of(msgspec.json.decode(path.read_bytes(), type=Info))
            requests.get(f"{found.api_url}/health", timeout=HEALTH_S).raise_for_status()
        except (OSError, msgspec.DecodeError) as error:  # requests' errors are OSErrors
            raise NotRunning("no local stack answers: start it with `make run`, then try again") from error
        return found
