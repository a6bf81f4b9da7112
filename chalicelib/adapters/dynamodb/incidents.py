"""Incidents, their timelines, and what stands in the way of a second one.

An incident is one JSON text, in one list of the deployment with an index for each way to look through it. All that
changes with it is in the same transaction: the claim that it is the only open one, the counts, and its entries.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, assert_never

import msgspec
from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.dynamodb.presence import PresenceItem
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.transact import Transaction
from chalicelib.domain.identity.audit import time_text
from chalicelib.domain.ids import IncidentId, NetworkId, PeerId
from chalicelib.domain.incident.containment import ObserverBlocks
from chalicelib.domain.incident.errors import IncidentNotFound
from chalicelib.domain.incident.incident import Incident, State
from chalicelib.domain.incident.listing import IncidentCounts, IncidentFilter, IncidentPage, added
from chalicelib.domain.incident.rules import IncidentType
from chalicelib.domain.incident.timeline import Entry, EntryKind
from chalicelib.domain.incident.writes import (
    IncidentWrite,
    OpenIncident,
    PutObserverBlocks,
    RejectInstances,
    SaveIncident,
)
from chalicelib.ports.incidents import Standing

_INCIDENT = msgspec.json.Decoder(Incident)


class ByNetwork(GlobalSecondaryIndex["IncidentItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-network"
        projection = AllProjection()

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class ByPeer(GlobalSecondaryIndex["IncidentItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-peer"
        projection = AllProjection()

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class ByState(GlobalSecondaryIndex["IncidentItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-state"
        projection = AllProjection()

    state = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class IncidentItem(Table):
    """`incidents`: an incident (JSON) under `deployment` and its id. The stream takes items of this scope only."""

    SCOPE = "deployment"

    class Meta(Table.Meta):
        table_name = "incidents"

    scope = UnicodeAttribute(hash_key=True, default=SCOPE)
    item = UnicodeAttribute(range_key=True)
    network_id = UnicodeAttribute()
    peer_id = UnicodeAttribute()
    state = UnicodeAttribute()
    version = NumberAttribute()
    incident = UnicodeAttribute()

    by_network = ByNetwork()
    by_peer = ByPeer()
    by_state = ByState()


class StandingItem(Table):
    """`incidents`: under a network `open#peer#type`, the one incident of this type that is open, or when the last one
    was resolved; `observer#jump`, how many peers its word blocked in each minute of the last hour."""

    class Meta(Table.Meta):
        table_name = "incidents"

    scope = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    incident_id = UnicodeAttribute(null=True)
    settled_until = UTCDateTimeAttribute(null=True)
    minutes = JSONAttribute(null=True)


class EntryItem(Table):
    """`incidents`: under an incident's id `time#number`, an entry of its timeline."""

    class Meta(Table.Meta):
        table_name = "incidents"

    scope = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    number = NumberAttribute()
    at = UTCDateTimeAttribute()
    kind = UnicodeAttribute()
    text = UnicodeAttribute()
    observer_id = UnicodeAttribute(null=True)
    data = JSONAttribute(null=True)


class CountsItem(Table):
    """`incidents`: under `counts` and a network's id, how many incidents it has of each state and type."""

    SCOPE = "counts"

    class Meta(Table.Meta):
        table_name = "incidents"

    scope = UnicodeAttribute(hash_key=True, default=SCOPE)
    item = UnicodeAttribute(range_key=True)
    open_session_conflict = NumberAttribute(default=0)
    open_shared_config = NumberAttribute(default=0)
    open_suspicious_activity = NumberAttribute(default=0)
    contained_session_conflict = NumberAttribute(default=0)
    contained_shared_config = NumberAttribute(default=0)
    contained_suspicious_activity = NumberAttribute(default=0)
    resolved_session_conflict = NumberAttribute(default=0)
    resolved_shared_config = NumberAttribute(default=0)
    resolved_suspicious_activity = NumberAttribute(default=0)


class DynamoIncidents:
    def get(self, incident_id: IncidentId) -> Incident:
        try:
            return incident_value(IncidentItem.get(IncidentItem.SCOPE, incident_id, consistent_read=True))
        except IncidentItem.DoesNotExist:
            raise IncidentNotFound(incident_id) from None

    def standing(
        self, network_id: NetworkId, peer_id: PeerId, kind: IncidentType, observer_id: PeerId | None
    ) -> Standing:
        keys = [(network_id, open_key(peer_id, kind))]
        keys += [] if observer_id is None else [(network_id, observer_key(observer_id))]
        found = {item.item: item for item in StandingItem.batch_get(keys, consistent_read=True)}
        claim = found.get(open_key(peer_id, kind), StandingItem())
        return Standing(
            None if claim.incident_id is None else self.get(IncidentId(claim.incident_id)),
            claim.settled_until,
            None if observer_id is None else _blocks(network_id, observer_id, found.get(observer_key(observer_id))),
        )

    def page(self, wanted: IncidentFilter, limit: int, after: IncidentId | None = None) -> IncidentPage:
        found = [incident_value(item) for item in _newest_first(wanted, after, limit + 1)]
        following = found[limit - 1].id if len(found) > limit else None
        return IncidentPage(tuple(filter(wanted.matches, found[:limit])), following)

    def counts(self, network_ids: Collection[NetworkId] | None) -> IncidentCounts:
        if network_ids is None:
            return added(map(_counted, CountsItem.query(CountsItem.SCOPE, consistent_read=True)))
        keys = [(CountsItem.SCOPE, network_id) for network_id in network_ids]
        return added(map(_counted, CountsItem.batch_get(keys, consistent_read=True) if keys else ()))

    def timeline(self, incident_id: IncidentId, limit: int, after: str | None) -> tuple[list[Entry], str | None]:
        later = None if after is None else EntryItem.item > after
        found = list(EntryItem.query(incident_id, later, consistent_read=True, limit=limit + 1))
        return [_entry_value(item) for item in found[:limit]], found[limit - 1].item if len(found) > limit else None


def _newest_first(wanted: IncidentFilter, after: IncidentId | None, limit: int) -> Iterator[IncidentItem]:
    """By the part of a filter that fewest incidents match."""
    older: Condition | None = None if after is None else IncidentItem.item < after
    keys = (
        (IncidentItem.by_peer, wanted.peer_id),
        (IncidentItem.by_network, wanted.network_id),
        (IncidentItem.by_state, wanted.state),
    )
    for index, key in keys:
        if key is not None:
            return index.query(str(key), older, scan_index_forward=False, limit=limit)
    return IncidentItem.query(IncidentItem.SCOPE, older, consistent_read=True, scan_index_forward=False, limit=limit)


def put_incident(transaction: Transaction[Any], write: IncidentWrite) -> None:
    """Add the items of one write."""
    match write:
        case OpenIncident(incident, entries):
            is_free = StandingItem.incident_id.does_not_exist()
            transaction.put(_open_item(incident), write, is_free)
            transaction.put(incident_item(incident), write, IncidentItem.item.does_not_exist())
            transaction.update(_counts_item(incident), write, [_more(incident, 1)])
            _put_entries(transaction, write, incident, entries)
        case SaveIncident(before, after, entries):
            transaction.put(incident_item(after), write, IncidentItem.version == before.version)
            if before.state is not after.state:
                transaction.update(_counts_item(after), write, [_more(before, -1), _more(after, 1)])
            if after.state is State.RESOLVED:
                transaction.put(_open_item(after), write)
            _put_entries(transaction, write, after, entries)
        case RejectInstances(peer_id, instances):
            rejected = PresenceItem.rejected
            action = rejected.set(set(instances)) if instances else rejected.remove()
            known = PresenceItem.wanted.set(PresenceItem.wanted | 0)  # whoever reads it finds a whole item
            transaction.update(PresenceItem(peer_id), write, [known, action])
        case PutObserverBlocks(blocks):
            minutes = {str(minute): count for minute, count in blocks.minutes.items()}
            item = StandingItem(blocks.network_id, observer_key(blocks.observer_id), minutes=minutes)
            transaction.put(item, write)
        case _:
            assert_never(write)


def _put_entries(transaction: Transaction[Any], write: IncidentWrite, incident: Incident, entries: Any) -> None:
    for entry in entries:
        transaction.put(entry_item(incident.id, entry), write)


def open_key(peer_id: PeerId, kind: IncidentType) -> str:
    return f"open#{peer_id}#{kind}"


def observer_key(observer_id: PeerId) -> str:
    return f"observer#{observer_id}"


def entry_key(entry: Entry) -> str:
    return f"{time_text(entry.at)}#{entry.number:06d}"


def incident_item(incident: Incident) -> IncidentItem:
    return IncidentItem(
        item=incident.id,
        network_id=incident.network_id,
        peer_id=incident.peer_id,
        state=incident.state.value,
        version=incident.version,
        incident=msgspec.json.encode(incident, order="deterministic").decode(),
    )


def incident_value(item: IncidentItem) -> Incident:
    return _INCIDENT.decode(item.incident)


def entry_item(incident_id: IncidentId, entry: Entry) -> EntryItem:
    return EntryItem(
        incident_id,
        entry_key(entry),
        number=entry.number,
        at=entry.at,
        kind=entry.kind.value,
        text=entry.text,
        observer_id=entry.observer_id,
        data=dict(entry.data) or None,
    )


def _entry_value(item: EntryItem) -> Entry:
    observer_id = None if item.observer_id is None else PeerId(item.observer_id)
    data: Mapping[str, str | int | None] = item.data or {}
    return Entry(int(item.number), item.at, EntryKind(item.kind), item.text, observer_id, data)


def _open_item(incident: Incident) -> StandingItem:
    """The claim of an open incident, or what is left of it when it is resolved."""
    resolution = incident.resolution
    return StandingItem(
        incident.network_id,
        open_key(incident.peer_id, incident.type),
        incident_id=incident.id if resolution is None else None,
        settled_until=None if resolution is None else resolution.at,
    )


def _counts_item(incident: Incident) -> CountsItem:
    return CountsItem(item=incident.network_id)


def _more(incident: Incident, number: int) -> Action:
    attribute: NumberAttribute = getattr(CountsItem, f"{incident.state}_{incident.type}")
    return attribute.add(number)


def _counted(item: CountsItem) -> IncidentCounts:
    found = {(state, kind): int(getattr(item, f"{state}_{kind}")) for state in State for kind in IncidentType}
    return IncidentCounts({key: count for key, count in found.items() if count})


def _blocks(network_id: NetworkId, observer_id: PeerId, item: StandingItem | None) -> ObserverBlocks:
    minutes = {} if item is None or item.minutes is None else item.minutes
    return ObserverBlocks(network_id, observer_id, {int(minute): count for minute, count in minutes.items()})
