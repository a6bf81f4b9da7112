"""What one transaction of a network writes: the change record and the items beside it.

A use case decides a `Commit`; the store writes it whole or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.change.difference import SAME, NetworkDifference
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.peer.peer import Peer


class What(StrEnum):
    """The kinds of change a network can go through."""

    NETWORK_CREATED = "network_created"
    NETWORK_UPDATED = "network_updated"
    NETWORK_DELETED = "network_deleted"
    RANGE_RESERVED = "range_reserved"
    RANGE_RELEASED = "range_released"
    ACL_REPLACED = "acl_replaced"
    PEER_CREATED = "peer_created"
    PEER_ENROLLED = "peer_enrolled"
    PEER_JOINED = "peer_joined"
    PEER_APPROVED = "peer_approved"
    PEER_UPDATED = "peer_updated"
    PEER_BLOCKED = "peer_blocked"
    PEER_UNBLOCKED = "peer_unblocked"
    PEER_REISSUED = "peer_reissued"
    PEER_LEFT = "peer_left"
    PEER_DELETED = "peer_deleted"
    HOME_MOVED = "home_moved"
    HOME_RETURNED = "home_returned"
    JUMP_DOWN = "jump_down"
    JUMP_UP = "jump_up"
    KEY_WANTED = "key_wanted"
    KEY_STAGED = "key_staged"
    KEY_ROTATED = "key_rotated"
    PSK_RENEWED = "psk_renewed"
    PSK_HELD = "psk_held"
    TOKEN_REISSUED = "token_reissued"  # noqa: S105  a kind of change


@dataclass(frozen=True, slots=True)
class Affected:
    """A peer before (None: created) and after (None: deleted)."""

    before: Peer | None
    after: Peer | None

    @property
    def peer(self) -> Peer:
        known = self.after or self.before
        assert known is not None
        return known


@dataclass(frozen=True, slots=True)
class Change:
    """One record of the change log: who did what, and what it affected, before and after.

    `peers`: those whose item changed. `network`: what is other of the network itself.
    """

    network_id: NetworkId
    revision: Revision
    at: datetime
    by: PrincipalId
    what: What
    peers: tuple[Affected, ...] = ()
    network: NetworkDifference = SAME
    note: str | None = None

    @property
    def peer_id(self) -> PeerId | None:
        """The one peer it affected; None for none and for several."""
        return self.peers[0].peer.id if len(self.peers) == 1 else None


def what_happened(before: Peer, after: Peer) -> What:
    if after.public_key != before.public_key:
        return What.KEY_ROTATED
    return What.KEY_STAGED if after.staged_key != before.staged_key else What.PSK_HELD
