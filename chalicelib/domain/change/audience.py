"""Whose bundle a change can alter: the agents worth telling, no more."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.ids import PeerId, is_jump
from chalicelib.domain.peer.peer import Peer, Rotation

ENDS_SESSIONS = frozenset({What.TOKEN_REISSUED, What.PEER_LEFT})


@dataclass(frozen=True, slots=True)
class Audience:
    """`everyone` includes the jumps; `peers` are agents named beside them; `homes`: the jumps, and the
    agents whose homes a mark moves; `ended` were deleted, and `revoked` have to prove themselves anew."""

    everyone: bool = False
    jumps: bool = False
    peers: frozenset[PeerId] = frozenset()
    homes: bool = False
    ended: frozenset[PeerId] = frozenset()
    revoked: frozenset[PeerId] = frozenset()

    @property
    def has_agents(self) -> bool:
        """Whether any agent may have something to apply."""
        return self.everyone or self.jumps or self.homes or bool(self.peers)

    def concerns(self, peer_id: PeerId) -> bool:
        """Whether it can alter the bundle of this agent; a mark alters that of any."""
        return self.everyone or self.homes or peer_id in self.peers or (self.jumps and is_jump(peer_id))

    def __or__(self, other: "Audience") -> "Audience":
        return Audience(
            self.everyone or other.everyone,
            self.jumps or other.jumps,
            self.peers | other.peers,
            self.homes or other.homes,
            self.ended | other.ended,
            self.revoked | other.revoked,
        )


NOBODY = Audience()


def audience(change: Change) -> Audience:
    """Compute it from what was before and is after; see tunnel and firewall for what stands where."""
    own = Audience(
        everyone=change.network.is_in_every_bundle,
        jumps=change.what is What.ACL_REPLACED,
        homes=change.network.down is not None,
    )
    return _union(_of(one) for one in change.peers) | own | endings(change)


def endings(change: Change) -> Audience:
    """Whose access ends: the agents of deleted peers, and those that have to prove themselves anew."""
    return Audience(
        ended=frozenset(one.peer.id for one in change.peers if one.after is None and one.peer.is_run_by_agent),
        revoked=frozenset(one.peer.id for one in change.peers if change.what in ENDS_SESSIONS),
    )


def _union(parts: Iterable[Audience]) -> Audience:
    return reduce(Audience.__or__, parts, NOBODY)


def _of(one: Affected) -> Audience:
    before, after = one.before, one.after
    own = after is not None and after.is_run_by_agent and after.public_key is not None and _own(before) != _own(after)
    return Audience(
        everyone=_everywhere(before) != _everywhere(after),
        jumps=_on_jumps(before) != _on_jumps(after),
        peers=frozenset({one.peer.id}) if own else frozenset(),
    )


def _everywhere(peer: Peer | None) -> object:
    """What every agent's configuration says of a peer: jumps, and the CIDRs behind regular ones."""
    if peer is None or not peer.is_listed:
        return None
    if peer.is_jump:
        keys = (peer.public_key, peer.staged_key)
        return (keys, peer.endpoint, peer.announced_port, peer.index, peer.additional_allowed_ips)
    return (peer.additional_allowed_ips, peer.is_isolated) if peer.additional_allowed_ips else None


def _on_jumps(peer: Peer | None) -> object:
    """What jumps say of a peer beside that: its section, its names, its part in the policy."""
    if peer is None or peer.public_key is None or peer.awaits_approval:
        return None
    return (
        peer.public_key,
        peer.staged_key,
        peer.blocked_by != (),
        peer.index,
        peer.label,
        peer.additional_allowed_ips,
        peer.is_isolated,
        peer.full_encapsulation,
        peer.tags,
        peer.preferred_jump_id if peer.is_run_by_agent else peer.home_id,
        peer.avoids,
        peer.epoch,
        peer.keyed_since,
        peer.routed_cidrs,
    )


def _own(peer: Peer | None) -> object:
    """What only its own bundle says of it, or says too."""
    if peer is None:
        return None
    return (
        peer.public_key,
        peer.staged_key,
        peer.rotation is Rotation.WANTED,
        peer.epoch,
        peer.blocked_by != (),
        peer.awaits_approval,
        peer.listen_port,
        peer.mtu,
        peer.persistent_keepalive,
        peer.dns,
        peer.is_isolated,
        peer.full_encapsulation,
        peer.additional_allowed_ips,
        peer.routed_cidrs,
        peer.preferred_jump_id,
        peer.avoids,
    )
