"""Whose bundle a change can alter: the agents worth telling, no more."""

from dataclasses import dataclass
from typing import assert_never

from chalicelib.domain.change import Change, What
from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer import Kind, Peer


@dataclass(frozen=True, slots=True)
class Audience:
    """`everyone` includes the jumps; `peers` are agents named beside them; `ended` was deleted."""

    everyone: bool = False
    jumps: bool = False
    peers: frozenset[PeerId] = frozenset()
    ended: PeerId | None = None


NOBODY = Audience()


def audience(change: Change) -> Audience:
    """Compute it from the peer before and after; see tunnel for what stands where."""
    match change.what:
        case What.NETWORK_CREATED | What.NETWORK_DELETED:
            return NOBODY
        case What.PEER_CREATED | What.PEER_ENROLLED | What.PEER_DELETED:
            before, after = _listed(change.before), _listed(change.after)
            return Audience(
                everyone=_is_everywhere(before) or _is_everywhere(after),
                jumps=before is not None or after is not None,
                peers=_itself(after),
                ended=_ended(change),
            )
        case _:
            assert_never(change.what)


def _listed(peer: Peer | None) -> Peer | None:
    """A peer without a known key is listed nowhere."""
    return peer if peer is not None and peer.public_key is not None else None


def _is_everywhere(peer: Peer | None) -> bool:
    """Jumps and the CIDRs behind a regular peer stand in every agent's config."""
    return peer is not None and (peer.kind is Kind.JUMP or bool(peer.additional_allowed_ips))


def _itself(peer: Peer | None) -> frozenset[PeerId]:
    return frozenset({peer.id}) if peer is not None and peer.is_run_by_agent else frozenset()


def _ended(change: Change) -> PeerId | None:
    gone = change.before if change.what is What.PEER_DELETED else None
    return gone.id if gone is not None and gone.is_run_by_agent else None
