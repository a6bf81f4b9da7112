"""The network that is raced for, and the peers that everybody writes."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any


class Contested:
    """The peers that everybody writes; who picks one may find that another deleted it."""

    def __init__(self) -> None:
        self._peers: dict[str, str] = {}
        self._lock = Lock()

    def add(self, peer: Mapping[str, str]) -> None:
        with self._lock:
            self._peers[peer["id"]] = peer["kind"]

    def drop(self, peer_id: str) -> None:
        with self._lock:
            self._peers.pop(peer_id, None)

    def pick(self, chance: random.Random, kind: str | None = None) -> str | None:
        with self._lock:
            found = sorted(peer_id for peer_id, known in self._peers.items() if kind in (None, known))
        return chance.choice(found) if found else None

    def __len__(self) -> int:
        return len(self._peers)


@dataclass
class Arena:
    """The network of the race. `anchor`: a peer that nobody changes, whose name, key, address and CIDR are taken.
    `hosts`: peers of the machines that take part, which nobody deletes or re-issues but they."""

    network: str
    cidr: str
    anchor: Mapping[str, Any]
    hosts: list[str]
    contested: Contested = field(default_factory=Contested)
    numbers: "count[int]" = field(default_factory=count)

    def name(self) -> str:
        return f"racer {next(self.numbers)}"

    def behind(self) -> str:
        """A CIDR that nobody else asks for."""
        number = next(self.numbers)
        return f"192.168.{number // 64 % 255}.{number % 64 * 4}/30"
