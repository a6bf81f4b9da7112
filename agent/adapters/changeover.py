"""Sees a peer's staged key come into use, and has the tunnel follow at once; and pairs that fell apart.

What is lost meanwhile is one look's time of the peer's packets. So it looks a hundred times a
second for a minute after something was staged, when the change over is due, then once a second.
"""

import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

EAGER_FOR_S = 60.0
EAGER_S = 0.01
PATIENT_S = 1.0
HEAL_S = 5.0  # WireGuard tries a handshake this often
SHARE = 2  # of the time a look takes, how long to rest at least: many peers make long looks


class Carrier(Protocol):
    @property
    def has_standbys(self) -> bool: ...

    @property
    def has_others(self) -> bool: ...

    def carry(self) -> bool: ...

    def try_others(self) -> bool: ...


@dataclass(slots=True)
class Changeover:
    tunnel: Carrier
    _woken: threading.Event = field(default_factory=threading.Event)
    _eager_until_s: float = 0.0
    _heal_at_s: float = 0.0

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True, name="changeover").start()

    def wake(self) -> None:
        """The tunnel was made anew: there may be something to watch."""
        if self.tunnel.has_standbys:
            self._eager_until_s = monotonic() + EAGER_FOR_S
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
            if self.tunnel.has_standbys:
                self.tunnel.carry()
            if self.tunnel.has_others and began_s >= self._heal_at_s:
                self._heal_at_s = began_s + HEAL_S
                self.tunnel.try_others()
            self._woken.wait(max(self._pause_s(), SHARE * (monotonic() - began_s)))

    def _pause_s(self) -> float:
        if not self.tunnel.has_standbys:
            return HEAL_S
        return EAGER_S if monotonic() < self._eager_until_s else PATIENT_S

    @property
    def _has_reason(self) -> bool:
        return self.tunnel.has_standbys or self.tunnel.has_others
