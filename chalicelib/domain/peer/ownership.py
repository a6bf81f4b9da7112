"""Whose peer it is: who sees it as their own, and what is theirs to decide of it.

A jump is nobody's: who is named as its owner may ask about it, and has no right by that.
"""

from collections.abc import Iterable

from chalicelib.domain.errors import Forbidden, listed
from chalicelib.domain.identity.principal import WRITERS
from chalicelib.domain.identity.writes import DisownPeers, OwnPeers
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.patch import SETTINGS
from chalicelib.domain.peer.peer import Peer

LEFT_TO_OWNERS = frozenset({"name"})
"""What a member decides of a peer of their own."""


class LeftToOperators(Forbidden):
    """A member may have the peer, and not this of it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: this takes {' or '.join(sorted(WRITERS))}. Leave it out, or ask one of them.")


def owner_of(peer: Peer) -> PrincipalId | None:
    """Whose own peer it is; None: nobody's."""
    return None if peer.is_jump else peer.owner_id


def require_own(peer: Peer, only: PrincipalId | None) -> None:
    """Refuse as if the peer did not exist, unless it is this person's own. `only` None: whosever it is."""
    if only is not None and owner_of(peer) != only:
        raise PeerNotFound(peer.id)


def require_left_to_owner(before: Peer, after: Peer) -> None:
    """Raises LeftToOperators: of a member's own peer something else than its name is to be other."""
    changed = [name for name in sorted(SETTINGS - LEFT_TO_OWNERS) if getattr(before, name) != getattr(after, name)]
    if changed:
        raise LeftToOperators(f"Members rename their own peers; another {listed(changed, ', ')}")


def owning(peers: Iterable[Peer], limit: int | None = None) -> tuple[OwnPeers, ...]:
    """What follows for their owners when there are such peers.

    Args:
        limit: so many peers an owner may have, None: however many.
    """
    return tuple(OwnPeers(*place, ids, limit) for place, ids in _by_owner(peers).items())


def disowning(peers: Iterable[Peer]) -> tuple[DisownPeers, ...]:
    """What follows for their owners when there are such peers no longer."""
    return tuple(DisownPeers(*place, ids) for place, ids in _by_owner(peers).items())


def _by_owner(peers: Iterable[Peer]) -> dict[tuple[PrincipalId, NetworkId], tuple[PeerId, ...]]:
    """A person's peers together: a transaction touches an item once."""
    owned: dict[tuple[PrincipalId, NetworkId], tuple[PeerId, ...]] = {}
    for peer in peers:
        owner = owner_of(peer)
        if owner is not None:
            place = owner, peer.network_id
            owned[place] = (*owned.get(place, ()), peer.id)
    return owned
