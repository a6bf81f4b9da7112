"""Sees a peer's staged key come into use, and has the tunnel follow at once; and pairs that fell apart.

What is lost meanwhile is one look's time of the peer's packets. So it looks a hundred times a
second for a minute after a key was staged, when the change over is due, then once a second: a
peer that is away for weeks with its key staged costs no more at each new bundle.
"""

import math
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

EAGER_FOR_S = 60.0
EAGER_S = 0.01
PATIENT_S = 1.0
HEAL_S = 5.0  # WireGuard tries a handshake this often
SHARE = 2  # of the time a look takes, how long to rest at least: many peers make long looks


class StagedKeys(Protocol):
    @property
    def staged(self) -> Collection[str]:
        """Staged keys of peers."""

    def carry(self) -> bool: ...


class OtherPresharedKeys(Protocol):
    @property
    def has_others(self) -> bool: ...

    def try_others(self) -> bool: ...


@dataclass(slots=True)
class Changeover:
    keys: StagedKeys
    preshared_keys: OtherPresharedKeys
    _woken: threading.Event = field(default_factory=threading.Event)
    _staged_at_s: Mapping[str, float] = field(default_factory=dict)
    _heal_at_s: float = 0.0

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True, name="changeover").start()

    def wake(self) -> None:
        """To be called after each change of the tunnel: there may be a key to watch."""
        now_s, known = monotonic(), self._staged_at_s
        self._staged_at_s = {key: known.get(key, now_s) for key in self.keys.staged}
        if self._has_reason:
            self._woken.set()

    def _work(self) -> None:
        while True:
            self._woken.wait()
            self.watch()

    def watch(self) -> None:
        """Look until nothing is staged any more, and no other secret could be tried."""
        while self._has_reason:
            self._woken.clear()
            began_s = monotonic()
            if self.keys.staged:
                self.keys.carry()
            if self.preshared_keys.has_others and began_s >= self._heal_at_s:
                self._heal_at_s = began_s + HEAL_S
                self.preshared_keys.try_others()
            self._woken.wait(max(self._pause_s(), SHARE * (monotonic() - began_s)))

    def _pause_s(self) -> float:
        if not self.keys.staged:
            return HEAL_S
        is_fresh = monotonic() < max(self._staged_at_s.values(), default=-math.inf) + EAGER_FOR_S
        return EAGER_S if is_fresh else PATIENT_S

    @property
    def _has_reason(self) -> bool:
        return bool(self.keys.staged) or self.preshared_keys.has_others
