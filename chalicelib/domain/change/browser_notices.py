"""What browsers are told by their sockets: changes, facts of presence, and what concerns their account."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.change.change import What
from chalicelib.domain.ids import IncidentId, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.incident.incident import Incident, State
from chalicelib.domain.incident.rules import IncidentType, Reaction
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
class IncidentChanged:
    """To browsers: an incident as it is since a time. `containment_ms` None: its peer is not cut off everywhere."""

    network_id: NetworkId
    incident_id: IncidentId
    peer_id: PeerId
    type: IncidentType
    state: State
    reaction: Reaction
    at: datetime
    containment_ms: int | None


def incident_changed(incident: Incident) -> IncidentChanged:
    """What is told of an incident that was opened or changed. `at`: of its newest step."""
    resolution = incident.resolution
    return IncidentChanged(
        incident.network_id,
        incident.id,
        incident.peer_id,
        incident.type,
        incident.state,
        incident.reaction,
        resolution.at if resolution is not None else incident.contained_at or incident.opened_at,
        incident.containment_ms,
    )


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """To the browsers of a person and of their API tokens: what they may see is other, and their sockets end."""

    person_id: PrincipalId
