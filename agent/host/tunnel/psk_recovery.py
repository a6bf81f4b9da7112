"""A pair whose two sides have preshared keys of different epochs finds together again; pure.

One of the two was asleep while the other followed the control plane. Their session lives for
180 s after its handshake, and the next one is due after 120: so at 135 s without it the side
that may try takes the other key for three tries, and now and then again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.host.tunnel.live import PeerTraffic
from agent.host.tunnel.wanted import WantedTunnel

OVERDUE_S = 135  # a new handshake is due after 120 s, and tried every 5: WireGuard protocol, section 6.1
OTHER_FOR_S = 15.0
PRESENT_FOR_S = 45.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which of two preshared keys a section has, `since_s` (monotonic); `tx`: bytes sent when last looked."""

    is_other: bool = False
    since_s: float = -math.inf
    tx: int = 0


def attempted(before: Attempt | None, seen: PeerTraffic, at_s: float, wall_s: float) -> Attempt:
    """What to try next with a peer, as it looks now: who sends nothing needs no handshake.

    Args:
        at_s: monotonic.
        wall_s: unix seconds, as `seen.handshake_at`.
    """
    if before is None:
        return Attempt(tx=seen.tx)
    is_overdue = wall_s - seen.handshake_at >= OVERDUE_S and seen.tx > before.tx
    patience_s = OTHER_FOR_S if before.is_other else PRESENT_FOR_S
    if is_overdue and at_s - before.since_s >= patience_s:
        return Attempt(not before.is_other, at_s, seen.tx)
    return replace(before, tx=seen.tx)


def chosen(wanted: WantedTunnel, tried: Mapping[str, str]) -> WantedTunnel:
    """The bundle with the preshared keys that are tried, as long as it names them.

    Args:
        tried: public key → preshared key.
    """
    taken = {key: psk for key, psk in tried.items() if wanted.others.get(key) == psk}
    sections = {
        key: replace(section, preshared_key=taken[key]) if key in taken else section
        for key, section in wanted.sections.items()
    }
    return replace(wanted, sections=sections) if taken else wanted
