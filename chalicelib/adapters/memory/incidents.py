"""Incidents on dicts, and the part of a commit that is theirs."""

from collections import Counter
from collections.abc import Collection
from typing import assert_never

from chalicelib.adapters.dynamodb.incidents import entry_key
from chalicelib.adapters.memory.tables import AgentFacts, MemoryTables
from chalicelib.domain.ids import IncidentId, NetworkId, PeerId, Revision
from chalicelib.domain.incident.containment import ObserverBlocks
from chalicelib.domain.incident.errors import IncidentNotFound
from chalicelib.domain.incident.incident import Incident
from chalicelib.domain.incident.listing import IncidentCounts, IncidentFilter, IncidentPage
from chalicelib.domain.incident.rules import IncidentType
from chalicelib.domain.incident.timeline import Entry
from chalicelib.domain.incident.writes import (
    IncidentWrite,
    OpenIncident,
    PutObserverBlocks,
    RejectInstances,
    SaveIncident,
)
from chalicelib.ports.incidents import Standing


class MemoryIncidents:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, incident_id: IncidentId) -> Incident:
        incident = self._tables.incidents.get(incident_id)
        if incident is None:
            raise IncidentNotFound(incident_id)
        return incident

    def standing(
        self, network_id: NetworkId, peer_id: PeerId, kind: IncidentType, observer_id: PeerId | None
    ) -> Standing:
        incident_id, settled_until = self._tables.incident_claims.get((network_id, peer_id, kind), (None, None))
        blocks = None
        if observer_id is not None:
            unseen = ObserverBlocks(network_id, observer_id)
            blocks = self._tables.observer_blocks.get((network_id, observer_id), unseen)
        return Standing(None if incident_id is None else self.get(incident_id), settled_until, blocks)

    def page(self, wanted: IncidentFilter, limit: int, after: IncidentId | None = None) -> IncidentPage:
        looked_up = _looked_up(wanted)
        older = (one for key, one in self._tables.incidents.items() if after is None or key < after)
        found = sorted(filter(looked_up.matches, older), key=lambda one: one.id, reverse=True)
        following = found[limit - 1].id if len(found) > limit else None
        return IncidentPage(tuple(filter(wanted.matches, found[:limit])), following)

    def counts(self, network_ids: Collection[NetworkId] | None) -> IncidentCounts:
        known = self._tables.incidents.values()
        return IncidentCounts(
            Counter((one.state, one.type) for one in known if network_ids is None or one.network_id in network_ids)
        )

    def timeline(self, incident_id: IncidentId, limit: int, after: str | None) -> tuple[list[Entry], str | None]:
        entries = sorted(self._tables.timelines.get(incident_id, {}).items())
        found = [(key, entry) for key, entry in entries if after is None or key > after]
        return [entry for _, entry in found[:limit]], found[limit - 1][0] if len(found) > limit else None


def _looked_up(wanted: IncidentFilter) -> IncidentFilter:
    """The one part of a filter that a page is taken by."""
    if wanted.peer_id is not None:
        return IncidentFilter(peer_id=wanted.peer_id)
    if wanted.network_id is not None:
        return IncidentFilter(network_id=wanted.network_id)
    return IncidentFilter(state=wanted.state)


def incident_holds(tables: MemoryTables, write: IncidentWrite) -> bool:
    """Whether the write's own condition is met."""
    match write:
        case OpenIncident(incident):
            claim = tables.incident_claims.get((incident.network_id, incident.peer_id, incident.type))
            return incident.id not in tables.incidents and (claim is None or claim[0] is None)
        case SaveIncident(before):
            stored = tables.incidents.get(before.id)
            return stored is not None and stored.version == before.version
        case RejectInstances() | PutObserverBlocks():
            return True
        case _:
            assert_never(write)


def write_incident(tables: MemoryTables, write: IncidentWrite) -> None:
    match write:
        case OpenIncident(incident, entries):
            _keep(tables, None, incident, entries)
        case SaveIncident(before, after, entries):
            _keep(tables, before, after, entries)
        case RejectInstances(peer_id, instances):
            tables.agents.setdefault(peer_id, AgentFacts(Revision(0), None)).rejected = instances
        case PutObserverBlocks(blocks):
            tables.observer_blocks[blocks.network_id, blocks.observer_id] = blocks
        case _:
            assert_never(write)


def incident_size(write: OpenIncident | SaveIncident) -> int:
    """Items of a transaction on DynamoDB."""
    match write:
        case OpenIncident(_, entries):
            return 3 + len(entries)
        case SaveIncident(before, after, entries):
            return 1 + (before.state is not after.state) + (after.resolution is not None) + len(entries)
        case _:
            assert_never(write)


def _keep(tables: MemoryTables, before: Incident | None, after: Incident, entries: Collection[Entry]) -> None:
    tables.incident_stream.append((before, after))
    tables.incidents[after.id] = after
    resolution = after.resolution
    claim = (after.id, None) if resolution is None else (None, resolution.at)
    tables.incident_claims[after.network_id, after.peer_id, after.type] = claim
    tables.timelines.setdefault(after.id, {}).update({entry_key(entry): entry for entry in entries})
