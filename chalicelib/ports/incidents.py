"""The store of incidents."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.ids import IncidentId, NetworkId, PeerId
from chalicelib.domain.incident.containment import ObserverBlocks
from chalicelib.domain.incident.incident import Incident
from chalicelib.domain.incident.listing import IncidentCounts, IncidentFilter, IncidentPage
from chalicelib.domain.incident.rules import IncidentType
from chalicelib.domain.incident.timeline import Entry


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a peer before something is found of it. `incident`: the open one of this type. `settled_until`:
    when the last one was resolved; findings that are not later are history. `blocks`: those that the observer
    decided."""

    incident: Incident | None = None
    settled_until: datetime | None = None
    blocks: ObserverBlocks | None = None


class IncidentStore(Protocol):
    """Incidents and their timelines. Only commits write them."""

    def get(self, incident_id: IncidentId) -> Incident:
        """Raises IncidentNotFound."""
        ...

    def standing(
        self, network_id: NetworkId, peer_id: PeerId, kind: IncidentType, observer_id: PeerId | None
    ) -> Standing:
        """How things stand with a peer. 1 request, and 1 more when an incident is open."""
        ...

    def page(self, wanted: IncidentFilter, limit: int, after: IncidentId | None = None) -> IncidentPage:
        """The wanted ones among the next `limit`, the newest first, after (so older than) one; None: from the newest.

        1 request whatever is wanted: it takes `limit` by one part of the filter and leaves out those that do not
        match the rest, so a page may be short or empty and not be the last. It may miss what happened in the last
        second.
        """
        ...

    def counts(self, network_ids: Collection[NetworkId] | None) -> IncidentCounts:
        """Of these networks together, None: of all. 1 request a hundred networks."""
        ...

    def timeline(self, incident_id: IncidentId, limit: int, after: str | None) -> tuple[list[Entry], str | None]:
        """Up to `limit` entries, the oldest first, after a place; and the place of the last, None: that was all."""
        ...
