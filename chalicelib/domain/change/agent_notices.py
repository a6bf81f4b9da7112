"""What agents are told by their sockets: hints without configuration."""

from dataclasses import dataclass

from chalicelib.domain.ids import NetworkId, PeerId, Revision


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
class SignOfLifeWanted:
    """To a jump that somebody finds dead: say that you live."""

    network_id: NetworkId


@dataclass(frozen=True, slots=True)
class ResetWanted:
    """To a jump: make the section of a peer anew, which it leaves unanswered."""

    network_id: NetworkId
    peer_id: PeerId
