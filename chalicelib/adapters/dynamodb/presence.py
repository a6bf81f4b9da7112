"""Facts of agents: one small update each."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.change import revision_key
from chalicelib.adapters.dynamodb.statements import Statement, run
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import Applied, Fact, FactKind, OwnHandshakes, Presence, Sighting, latest_before
from chalicelib.ports.presence import PeerObservation, Progress


class PresenceItem(Table):
    """`presence`: an agent's last word, item `agent`. `own_handshakes`: `since`, and `made` by peer; unix seconds.
    `admission`: of the sessions whose frames count, or REVOKED."""

    ITEM = "agent"
    REVOKED = "revoked"  # no hash is this

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True, default=ITEM)
    wanted = NumberAttribute()
    admission = UnicodeAttribute(null=True)
    instance_id = UnicodeAttribute(null=True)
    seq = NumberAttribute(null=True)
    connection_id = UnicodeAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    last_seen = UTCDateTimeAttribute(null=True)
    host = JSONAttribute(null=True)
    own_handshakes = JSONAttribute(null=True)
    applied_revision = NumberAttribute(null=True)
    applied_hash = UnicodeAttribute(null=True)
    applied_at = UTCDateTimeAttribute(null=True)
    applied_after = NumberAttribute(null=True)
    applied_error = UnicodeAttribute(null=True)
    unreachable = UnicodeSetAttribute(null=True)
    accused_since = UTCDateTimeAttribute(null=True)
    fell_at = UTCDateTimeAttribute(null=True)
    is_blocked = BooleanAttribute(null=True)


class SightingItem(Table):
    """`presence`: the latest handshake that jumps of a network saw, and where, item `sighting#network`.

    The network is part of the key: a jump of another network cannot speak of this peer.
    """

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    handshake_at = UTCDateTimeAttribute()
    seen_at = UTCDateTimeAttribute()
    endpoint = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class FactItem(Table):
    """`presence`: something that became true, `fact#time#kind`. The stream takes inserted items of this type only.
    A report's: the revision in force, and the one before."""

    TYPE = "fact"

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute(default=TYPE)
    network_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    revision = NumberAttribute(null=True)
    after = NumberAttribute(null=True)
    expires_at = NumberAttribute()


FACTS_KEPT = timedelta(days=1)  # as long as a stream holds its records
SIGHTINGS_KEPT = timedelta(days=365)  # a phone that nobody saw for a year is as one that never came


class DynamoPresence:
    def wanted(self, peer_id: PeerId) -> Revision | None:
        item = self._find(peer_id)
        return None if item is None else Revision(int(item.wanted))

    def raise_wanted(self, revisions: Mapping[PeerId, Revision]) -> None:
        table = PresenceItem._get_connection()
        text = (
            f'UPDATE "{table.table_name}" SET "wanted" = ? '  # noqa: S608  the table's name alone
            'WHERE "peer_id" = ? AND "item" = ? AND "wanted" < ?'
        )
        run(
            table,
            [
                Statement(text, [{"N": str(revision)}, {"S": peer_id}, {"S": PresenceItem.ITEM}, {"N": str(revision)}])
                for peer_id, revision in sorted(revisions.items())
            ],
        )

    def note_connected(
        self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime
    ) -> Progress | None:
        return self._update(
            agent.peer_id,
            [
                PresenceItem.connection_id.set(connection_id),
                PresenceItem.instance_id.set(instance_id),
                PresenceItem.last_seen.set(at),
                PresenceItem.accused_since.remove(),
            ],
            _admitted(agent),
        )

    def note_disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> bool:
        own = PresenceItem.connection_id.does_not_exist() | (PresenceItem.connection_id == connection_id)
        return (
            self._update(peer_id, [PresenceItem.connection_id.remove(), PresenceItem.closed_at.set(at)], own)
            is not None
        )

    def note_heartbeat(
        self,
        agent: Agent,
        instance_id: str,
        seq: int,
        host: Host | None,
        at: datetime,
        own: OwnHandshakes | None = None,
        unreachable: Collection[PeerId] = (),
    ) -> Progress | None:
        actions: list[Action] = [
            PresenceItem.instance_id.set(instance_id),
            PresenceItem.seq.set(seq),
            PresenceItem.last_seen.set(at),
            PresenceItem.accused_since.remove(),
            PresenceItem.unreachable.set(set(unreachable)) if unreachable else PresenceItem.unreachable.remove(),
        ]
        if host is not None:
            said = {"hostname": host.hostname, "os": host.os, "agent_version": host.agent_version}
            actions.append(PresenceItem.host.set(said))
        if own is not None:
            actions.append(PresenceItem.own_handshakes.set(_own_stored(own)))
        return self._update(agent.peer_id, actions, _admitted(agent))

    def note_sign_of_life(self, agent: Agent, at: datetime) -> None:
        self._update(
            agent.peer_id, [PresenceItem.last_seen.set(at), PresenceItem.accused_since.remove()], _admitted(agent)
        )

    def accuse(self, peer_id: PeerId, at: datetime) -> AgentLiveness | None:
        item = PresenceItem(peer_id, PresenceItem.ITEM)
        actions: list[Action] = [PresenceItem.accused_since.set(PresenceItem.accused_since | at)]
        try:
            item.update(actions, condition=PresenceItem.peer_id.exists())
        except UpdateError as error:
            _unless_condition(error)
            return None
        return _liveness(item)

    def note_down(self, peer_id: PeerId, at: datetime) -> None:
        self._update(peer_id, [PresenceItem.fell_at.set(at)])

    def liveness(self, peer_id: PeerId) -> AgentLiveness | None:
        try:
            return _liveness(PresenceItem.get(peer_id, PresenceItem.ITEM, consistent_read=True))
        except PresenceItem.DoesNotExist:
            return None

    def progress(self, agent: Agent) -> Progress | None:
        item = self._find(agent.peer_id)
        is_admitted = item is not None and item.admission in (None, agent.admission)
        return _progress(item) if item is not None and is_admitted else None

    def applied_revision(self, peer_id: PeerId) -> Revision:
        item = self._find(peer_id)
        return Revision(0) if item is None else Revision(int(item.applied_revision or 0))

    def _find(self, peer_id: PeerId) -> PresenceItem | None:
        try:
            return PresenceItem.get(peer_id, PresenceItem.ITEM, consistent_read=True)
        except PresenceItem.DoesNotExist:
            return None

    def note_applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
        known = PresenceItem.applied_revision
        newer = known.does_not_exist() | (known <= revision)
        try:
            answer = PresenceItem._get_connection().update_item(
                agent.peer_id,
                PresenceItem.ITEM,
                actions=[
                    known.set(revision),
                    PresenceItem.applied_hash.set(bundle_hash),
                    PresenceItem.applied_at.set(at),
                    PresenceItem.applied_after.set(known | 0),
                    PresenceItem.applied_error.remove(),
                ],
                condition=PresenceItem.peer_id.exists() & _admitted(agent) & newer,
                return_values="ALL_OLD",
            )
        except UpdateError as error:
            _unless_condition(error)
            return None
        before = PresenceItem()
        before.deserialize(dict(answer["Attributes"]))
        is_own = before.applied_revision == revision and before.applied_at == at  # repeated after a lost answer
        return Revision(int((before.applied_after if is_own else before.applied_revision) or 0))

    def note_failure(self, agent: Agent, error: str, at: datetime) -> bool:
        updated = self._update(
            agent.peer_id,
            [
                PresenceItem.applied_revision.set(PresenceItem.applied_revision | 0),  # as it is, or the first
                PresenceItem.applied_hash.set(PresenceItem.applied_hash | ""),
                PresenceItem.applied_at.set(PresenceItem.applied_at | at),
                PresenceItem.applied_error.set(error),
            ],
            _admitted(agent),
        )
        return updated is not None

    def sightings(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        keys = [(known, sighting_key(network_id)) for known in peer_ids]
        observed = SightingItem.batch_get(keys, consistent_read=True) if keys else ()
        return {PeerId(item.peer_id): _seen(item) for item in observed}

    def keep_sightings(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        table = SightingItem._get_connection()
        ordered = sorted(seen.items())
        done = run(
            table,
            [_seeing(table.table_name, network_id, known, now, before.get(known)) for known, now in ordered],
        )
        return {known for (known, _), is_kept in zip(ordered, done, strict=True) if is_kept}

    def insert_facts(self, *facts: Fact) -> None:
        if len(facts) == 1:
            fact_item(facts[0]).save()
            return
        with FactItem.batch_write() as batch:
            for fact in facts:
                batch.save(fact_item(fact))

    def observations(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, PeerObservation]:
        if not peer_ids:
            return {}
        agents = PresenceItem.batch_get([(known, PresenceItem.ITEM) for known in peer_ids], consistent_read=True)
        presences = {PeerId(item.peer_id): _presence(item) for item in agents}
        sightings = self.sightings(network_id, peer_ids)
        return {
            known: PeerObservation(presences.get(known), sightings.get(known))
            for known in presences.keys() | sightings.keys()
        }

    def _update(self, peer_id: PeerId, actions: list[Action], condition: Condition | None = None) -> Progress | None:
        """Update the agent's item if it exists; answers how far it is."""
        item = PresenceItem(peer_id, PresenceItem.ITEM)
        exists = PresenceItem.peer_id.exists()
        try:
            item.update(actions, condition=exists if condition is None else exists & condition)
        except UpdateError as error:
            _unless_condition(error)
            return None
        return _progress(item)


def _admitted(agent: Agent) -> Condition:
    """That frames of this agent count. An item of before admissions were kept has none, until a token is re-issued."""
    admission = PresenceItem.admission
    own: Condition = admission.does_not_exist() | (admission == agent.admission)
    return own


def fact_item(fact: Fact) -> FactItem:
    """The same again changes nothing, so that the stream does not take it for another insert."""
    return FactItem(
        fact.peer_id,
        fact_key(fact),
        network_id=fact.network_id,
        kind=fact.kind.value,
        at=fact.at,
        revision=fact.revision,
        after=fact.after,
        expires_at=epoch(fact.at + FACTS_KEPT),
    )


def _seeing(
    table_name: str, network_id: NetworkId, peer_id: PeerId, seen: Sighting, before: Sighting | None
) -> Statement:
    """A statement that keeps a sighting in place of the one before."""
    item = SightingItem(
        peer_id,
        sighting_key(network_id),
        handshake_at=seen.handshake_at,
        seen_at=seen.seen_at,
        endpoint=seen.endpoint,
        expires_at=epoch(seen.seen_at + SIGHTINGS_KEPT),
    ).serialize(null_check=True)
    if before is None:
        members = ", ".join(f"'{name}': ?" for name in item)
        return Statement(f'INSERT INTO "{table_name}" VALUE {{{members}}}', list(item.values()))
    key = [item.pop("peer_id"), item.pop("item")]
    item.setdefault("endpoint", {"NULL": True})
    changes = " ".join(f'SET "{name}" = ?' for name in item)
    text = f'UPDATE "{table_name}" {changes} WHERE "peer_id" = ? AND "item" = ? AND "handshake_at" <= ?'
    latest = latest_before(before, seen)
    return Statement(text, [*item.values(), *key, {"S": SightingItem.handshake_at.serialize(latest)}])  # type: ignore[no-untyped-call]


def _progress(item: PresenceItem) -> Progress:
    return Progress(Revision(int(item.wanted)), Revision(int(item.applied_revision or 0)), bool(item.is_blocked))


def _presence(item: PresenceItem) -> Presence:
    host = None if item.host is None else Host(**item.host)
    applied = None
    if item.applied_revision is not None and item.applied_hash is not None and item.applied_at is not None:
        applied = Applied(Revision(int(item.applied_revision)), item.applied_hash, item.applied_at, item.applied_error)
    return Presence(
        Revision(int(item.wanted)),
        item.connection_id is not None,
        item.last_seen,
        host,
        item.instance_id,
        applied,
        _own_handshakes(item.own_handshakes),
    )


def _liveness(item: PresenceItem) -> AgentLiveness:
    return AgentLiveness(
        None if item.connection_id is None else ConnectionId(item.connection_id),
        item.last_seen,
        item.accused_since,
        item.fell_at,
        frozenset(map(PeerId, item.unreachable or ())),
        item.closed_at,
    )


def _seen(item: SightingItem) -> Sighting:
    return Sighting(item.handshake_at, item.seen_at, item.endpoint)


def _own_stored(own: OwnHandshakes) -> dict[str, Any]:
    made = {peer_id: [epoch(at) for at in times] for peer_id, times in own.made.items()}
    return {"since": epoch(own.since), "made": made}


def _own_handshakes(stored: Mapping[str, Any] | None) -> OwnHandshakes | None:
    if stored is None:
        return None
    made = {
        PeerId(peer_id): tuple(datetime.fromtimestamp(at, UTC) for at in times)
        for peer_id, times in stored["made"].items()
    }
    return OwnHandshakes(datetime.fromtimestamp(stored["since"], UTC), made)


def _unless_condition(error: UpdateError) -> None:
    if error.cause_response_code != "ConditionalCheckFailedException":
        raise error


def fact_key(fact: Fact) -> str:
    report = "" if fact.revision is None else f"#{revision_key(fact.revision)}"
    return f"fact#{fact.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{fact.kind}{report}"


def sighting_key(network_id: NetworkId) -> str:
    return f"sighting#{network_id}"


def fact_value(item: FactItem) -> Fact:
    revision, after = (None if said is None else Revision(int(said)) for said in (item.revision, item.after))
    return Fact(NetworkId(item.network_id), PeerId(item.peer_id), FactKind(item.kind), item.at, revision, after)
