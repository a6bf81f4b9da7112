"""Which jump carries a regular peer: one rule, the same in every configuration of a network.

The operator's choice (or the least used jump at creation) comes first, then the others in the
order of their ids. The home is the first of these that serves and is not marked down, for all
or for this peer alone; if all are marked, the first that serves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer.peer import Kind, Peer


def serving(jumps: Iterable[Peer]) -> list[Peer]:
    """The jumps that can carry traffic, in the one stable order."""
    return sorted((jump for jump in jumps if jump.is_listed and jump.is_jump), key=lambda jump: jump.id)


def home_of(peer: Peer, jumps: Sequence[Peer], down: Collection[PeerId] = ()) -> PeerId | None:
    """The home jump of a regular peer.

    Args:
        jumps: those that serve, as `serving` orders them.
        down: jumps marked down for all.
    """
    if peer.kind is Kind.STATIC:
        return _fixed_home(peer, jumps)
    return first_home(peer, jumps, down)


def first_home(peer: Peer, jumps: Sequence[Peer], down: Collection[PeerId] = ()) -> PeerId | None:
    """The rule as it stands for agents, and as it chooses the home that a new file names."""
    return next(iter(homes_in_order(peer, jumps, down)), None)


def homes_in_order(peer: Peer, jumps: Sequence[Peer], down: Collection[PeerId] = ()) -> tuple[PeerId, ...]:
    """The home, then who would be it next: those that are marked come last, in the same order."""

    def place(jump_id: PeerId) -> tuple[bool, bool, PeerId]:
        return (jump_id in down or jump_id in peer.avoids, jump_id != peer.preferred_jump_id, jump_id)

    return tuple(sorted((jump.id for jump in jumps), key=place))


def moved_homes(
    peers: Iterable[tuple[Peer, Peer]], jumps: Iterable[Peer], before: Collection[PeerId], after: Collection[PeerId]
) -> Mapping[PeerId, PeerId]:
    """The agents that have another home than before, with their new one.

    Args:
        peers: each before and after.
        before, after: the jumps marked down for all.
    """
    hubs = serving(jumps)
    homes = {
        new.id: (home_of(old, hubs, before), home_of(new, hubs, after))
        for old, new in peers
        if new.kind is Kind.DYNAMIC and new.is_listed
    }
    return {peer_id: new for peer_id, (old, new) in homes.items() if new is not None and old != new}


def _fixed_home(peer: Peer, jumps: Sequence[Peer]) -> PeerId | None:
    """A file names one jump for ever: the chosen one, else the first that ever had a key, marked down or not.

    A chosen jump that is blocked for now is waited for; one that was deleted leaves the file void.
    """
    if peer.home_id is not None:
        return peer.home_id
    return min(jumps, key=lambda jump: (jump.keyed_since or 0, jump.id)).id if jumps else None
