"""What sockets are told: hints without configuration, and facts of presence."""

from dataclasses import dataclass

from chalicelib.domain.change.change import What
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.peer.presence import Fact


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """To agents: there is a newer bundle, to be fetched at a moment drawn from `within_ms`; 0: at once."""

    network_id: NetworkId
    revision: Revision
    within_ms: int = 0


@dataclass(frozen=True, slots=True)
class PeerEnded:
    """To a deleted peer's own agent: the last hint, then its sessions and sockets end. `retry_in_s`: it shall come
    back no sooner, for many end together; 0: soon."""

    network_id: NetworkId
    revision: Revision
    peer_id: PeerId
    retry_in_s: int = 0


@dataclass(frozen=True, slots=True)
class AccessRevoked:
    """To an agent whose peer was given a new token: its sessions and sockets end. `retry_in_s` as above."""

    network_id: NetworkId
    revision: Revision
    peer_id: PeerId
    retry_in_s: int = 0


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """To browsers: a change was made; to `peer_id`, or (None) to the network or several peers."""

    network_id: NetworkId
    revision: Revision
    what: What
    peer_id: PeerId | None


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """To browsers: facts of one network's peers, oldest first."""

    network_id: NetworkId
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """To the browsers of a person and of their API tokens: what they may see is other, and their sockets end."""

    person_id: PrincipalId


@dataclass(frozen=True, slots=True)
class SignOfLifeWanted:
    """To a jump that somebody finds dead: say that you live."""

    network_id: NetworkId


@dataclass(frozen=True, slots=True)
class ResetWanted:
    """To a jump: make the section of a peer anew, which it leaves unanswered."""

    network_id: NetworkId
    peer_id: PeerId


Notice = (
    ConfigChanged
    | PeerEnded
    | AccessRevoked
    | NetworkChanged
    | PresenceChanged
    | AccountChanged
    | SignOfLifeWanted
    | ResetWanted
)
