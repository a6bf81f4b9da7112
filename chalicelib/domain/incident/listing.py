"""Which incidents are wanted, and how many there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.ids import IncidentId, NetworkId, PeerId
from chalicelib.domain.incident.incident import Incident, State
from chalicelib.domain.incident.rules import IncidentType


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """None: whatever it is."""

    network_id: NetworkId | None = None
    peer_id: PeerId | None = None
    state: State | None = None
    type: IncidentType | None = None

    def matches(self, incident: Incident) -> bool:
        return (
            self.network_id in (None, incident.network_id)
            and self.peer_id in (None, incident.peer_id)
            and self.state in (None, incident.state)
            and self.type in (None, incident.type)
        )


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Incidents, the newest first. `next`: the last of those that were looked at, None: there are no more."""

    incidents: tuple[Incident, ...]
    next: IncidentId | None


@dataclass(frozen=True, slots=True)
class IncidentCounts:
    """How many incidents there are of each state and type; those that are none are left out."""

    of: Mapping[tuple[State, IncidentType], int] = field(default_factory=dict)

    def total(self, state: State) -> int:
        return sum(count for (known, _), count in self.of.items() if known is state)


def added(parts: Iterable[IncidentCounts]) -> IncidentCounts:
    found: dict[tuple[State, IncidentType], int] = {}
    for part in parts:
        for key, count in part.of.items():
            found[key] = found.get(key, 0) + count
    return IncidentCounts(found)
