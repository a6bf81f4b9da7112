"""What a transaction writes of incidents, as values; beside `domain/change/writes`."""

from dataclasses import dataclass

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.containment import ObserverBlocks
from chalicelib.domain.incident.incident import Incident
from chalicelib.domain.incident.timeline import Entry


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """Keep a new incident with its first entries. Fails as a conflict when the peer has an open one of this type."""

    incident: Incident
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SaveIncident:
    """Replace an incident, and add entries to its timeline. Fails as a conflict when it was changed meanwhile. When
    it is resolved by that, another of its peer and type may open."""

    before: Incident
    after: Incident
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class RejectInstances:
    """Have these instances of a peer's agent, and no others, heard no more."""

    peer_id: PeerId
    instances: frozenset[str]


@dataclass(frozen=True, slots=True)
class PutObserverBlocks:
    """Keep how many peers were blocked by a jump's word; the network's revision guards it."""

    blocks: ObserverBlocks


IncidentWrite = OpenIncident | SaveIncident | RejectInstances | PutObserverBlocks

OPTIMISTIC = (OpenIncident, SaveIncident)
"""Their conditions say that nobody was first: what they were decided by is read again."""
