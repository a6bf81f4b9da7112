"""What browsers are told by their sockets: changes, facts of presence, and what concerns their account."""

from dataclasses import dataclass

from chalicelib.domain.change.change import What
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.peer.presence import Fact


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
