"""Which peers changed between two looks at WireGuard; no I/O.

A jump with 10,000 peers is looked at every second. So a peer that did not change costs the hash of
its text, one that only had traffic is parsed, and no more is kept of any than where it was and when
it last shook hands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.host.tunnel.live import PeerTraffic, Sighting
from agent.host.tunnel.psk_recovery import OVERDUE_S

EARLY_S = 60.0  # a session is renewed after 120 s (WireGuard protocol, section 6.1), so half of that is early
GAP_S = 10.0  # what one look must not miss by: the tolerance with which handshakes are compared
SLACK = 100  # peers that may be gone and still be remembered


@dataclass(slots=True)
class Watching:
    """Of one interface. `since_s`: monotonic, since when it was looked at without a gap; None: not yet. `overdue`: the
    peers that were sent something between the last two looks, though no handshake was made for too long, or ever."""

    since_s: float | None = None
    overdue: Sequence[str] = ()
    _texts: frozenset[int] = frozenset()
    _marks: dict[str, tuple[str | None, float]] = field(default_factory=dict)
    _looked: tuple[float, float] = (0.0, 0.0)

    def look(
        self, records: Sequence[str], parse: Callable[[str], PeerTraffic], now_s: float, at_s: float
    ) -> list[Sighting]:
        """The peers whose endpoint or handshake is another than before; those never heard of are left out.

        Args:
            records: a text for each peer, equal while nothing about it changed; in any order.
            now_s: unix seconds, of the clock that dates handshakes.
            at_s: monotonic seconds.
        """
        if self.since_s is None or self._has_gap(now_s, at_s):
            self.since_s = at_s
        self._looked = (now_s, at_s)
        changed = [record for record in records if hash(record) not in self._texts]
        self._texts = frozenset(map(hash, records))
        if len(self._marks) > 2 * len(records) + SLACK:
            self._forget_all_but({parse(record).public_key for record in records})
        seen = [parse(record) for record in changed]
        self.overdue = [one.public_key for one in seen if self._is_overdue(one, now_s, at_s - self.since_s)]
        sightings = (self._sighted(one, now_s) for one in seen)
        return [sighted for sighted in sightings if sighted is not None]

    def _is_overdue(self, seen: PeerTraffic, now_s: float, watched_s: float) -> bool:
        """Whether packets go to it, for nothing else about it changed, and no handshake comes; a clock that was set
        makes none overdue."""
        is_same = (seen.endpoint, seen.handshake_at) == self._marks.get(seen.public_key)
        return is_same and (not seen.handshake_at or min(now_s - seen.handshake_at, watched_s) >= OVERDUE_S)

    def _sighted(self, seen: PeerTraffic, now_s: float) -> Sighting | None:
        before = self._marks.get(seen.public_key)
        mark = (seen.endpoint, seen.handshake_at)
        if mark == before:
            return None
        self._marks[seen.public_key] = mark
        if not seen.handshake_at:
            return None
        is_urgent = before is not None and _is_urgent(*before, *mark)
        return Sighting(seen=seen, age_s=max(0.0, now_s - seen.handshake_at), is_urgent=is_urgent)

    def _has_gap(self, now_s: float, at_s: float) -> bool:
        """The host slept, the clock was set, or the look before is long ago."""
        passed_s, slept_s = at_s - self._looked[1], now_s - self._looked[0]
        return passed_s > GAP_S or abs(slept_s - passed_s) > GAP_S / 2

    def _forget_all_but(self, known: set[str]) -> None:
        self._marks = {key: mark for key, mark in self._marks.items() if key in known}


def _is_urgent(endpoint: str | None, handshake_at: float, new_endpoint: str | None, new_handshake_at: float) -> bool:
    if not handshake_at:
        return False
    return new_endpoint != endpoint or 0.0 < new_handshake_at - handshake_at < EARLY_S
