"""Agents' last words: one small update each."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
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

from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, PeerId, Revision
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import Applied, OwnHandshakes, Presence, Progress


class PresenceItem(Table):
    """`presence`: an agent's last word, how far it is, and whether it lives, item `agent`. `own_handshakes`: `since`,
    and `made` by peer; unix seconds. `admission`: of the sessions whose frames count, or REVOKED. `heard_before`:
    `last_seen` as it was when the socket was opened. `rejected`: instances whose frames do not count."""

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
    is_ephemeral = BooleanAttribute(null=True)
    rejected = UnicodeSetAttribute(null=True)
    heard_before = UTCDateTimeAttribute(null=True)


class DynamoPresence:
    def of(self, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Presence]:
        keys = [(peer_id, PresenceItem.ITEM) for peer_id in peer_ids]
        items = PresenceItem.batch_get(keys, consistent_read=True) if keys else ()
        return {PeerId(item.peer_id): _presence(item) for item in items}

    def note_connected(
        self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime
    ) -> Progress | None:
        item = PresenceItem(agent.peer_id, PresenceItem.ITEM)
        actions: list[Action] = [
            PresenceItem.connection_id.set(connection_id),
            PresenceItem.instance_id.set(instance_id),
            PresenceItem.heard_before.set(PresenceItem.last_seen | at),  # the value before, and `at` when there is none
            PresenceItem.last_seen.set(at),
            PresenceItem.accused_since.remove(),
        ]
        progress = _updated(item, actions, admitted(agent) & _is_heard(instance_id))
        if progress is None:
            return None
        heard = None if item.heard_before == item.last_seen else item.heard_before
        return replace(progress, heard_before=heard, closed_at=item.closed_at)

    def note_disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> Progress | None:
        own = PresenceItem.connection_id.does_not_exist() | (PresenceItem.connection_id == connection_id)
        return update(peer_id, [PresenceItem.connection_id.remove(), PresenceItem.closed_at.set(at)], own)

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
        return update(agent.peer_id, actions, admitted(agent) & _is_heard(instance_id))

    def note_sign_of_life(self, agent: Agent, at: datetime) -> None:
        update(agent.peer_id, [PresenceItem.last_seen.set(at), PresenceItem.accused_since.remove()], admitted(agent))


def update(peer_id: PeerId, actions: list[Action], condition: Condition | None = None) -> Progress | None:
    """Update the agent's item if it exists; answers how far it is."""
    return _updated(PresenceItem(peer_id, PresenceItem.ITEM), actions, condition)


def _updated(item: PresenceItem, actions: list[Action], condition: Condition | None) -> Progress | None:
    exists = PresenceItem.peer_id.exists()
    try:
        item.update(actions, condition=exists if condition is None else exists & condition)
    except UpdateError as error:
        unless_condition(error)
        return None
    return progress_value(item)


def find(peer_id: PeerId) -> PresenceItem | None:
    """The agent's item; None: no such agent (any more)."""
    try:
        return PresenceItem.get(peer_id, PresenceItem.ITEM, consistent_read=True)
    except PresenceItem.DoesNotExist:
        return None


def admitted(agent: Agent) -> Condition:
    """That frames of this agent count. An item of before admissions were kept has none, until a token is re-issued."""
    admission = PresenceItem.admission
    own: Condition = admission.does_not_exist() | (admission == agent.admission)
    return own


def _is_heard(instance_id: str) -> Condition:
    """That this run of the agent was not rejected."""
    heard: Condition = ~PresenceItem.rejected.contains(instance_id)
    return heard


def progress_value(item: PresenceItem) -> Progress:
    return Progress(
        Revision(int(item.wanted)),
        Revision(int(item.applied_revision or 0)),
        bool(item.is_blocked),
        bool(item.is_ephemeral),
    )


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


def unless_condition(error: UpdateError) -> None:
    if error.cause_response_code != "ConditionalCheckFailedException":
        raise error
