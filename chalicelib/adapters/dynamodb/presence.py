"""Facts of agents: one small update each."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from chalicelib.adapters.dynamodb.models import FactItem, PresenceItem, SightingItem
from chalicelib.adapters.dynamodb.values import epoch, fact_key
from chalicelib.domain.failover import Pulse
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer import Host
from chalicelib.domain.presence import Applied, Fact, OwnHandshakes, Presence, Sighting, is_awakening
from chalicelib.domain.principal import Agent
from chalicelib.ports import Progress, Seen

AT_ONCE = 16
STATEMENTS = 25  # BatchExecuteStatement
CONDITION = "ConditionalCheckFailed"
ATTEMPTS, FIRST_WAIT_S, LONGEST_WAIT_S = 5, 0.05, 1.0
FACTS_KEPT = timedelta(days=1)  # as long as a stream holds its records


class DynamoPresence:
    def wanted(self, peer_id: PeerId) -> Revision | None:
        try:
            item = PresenceItem.get(peer_id, PresenceItem.ITEM, consistent_read=True)
        except PresenceItem.DoesNotExist:
            return None
        return Revision(int(item.wanted))

    def want(self, revisions: Mapping[PeerId, Revision]) -> None:
        ordered = sorted(revisions.items())
        batches = [ordered[at : at + STATEMENTS] for at in range(0, len(ordered), STATEMENTS)]
        if len(batches) <= 1:
            for batch in batches:
                _raise_wanted(batch)
            return
        with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(batches))) as pool:
            list(pool.map(_raise_wanted, batches))

    def connected(self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime) -> Progress | None:
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

    def disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> bool:
        own = PresenceItem.connection_id == connection_id
        return (
            self._update(peer_id, [PresenceItem.connection_id.remove(), PresenceItem.closed_at.set(at)], own)
            is not None
        )

    def heard(
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

    def lives(self, agent: Agent, at: datetime) -> None:
        self._update(
            agent.peer_id, [PresenceItem.last_seen.set(at), PresenceItem.accused_since.remove()], _admitted(agent)
        )

    def accuse(self, peer_id: PeerId, at: datetime) -> Pulse | None:
        item = PresenceItem(peer_id, PresenceItem.ITEM)
        actions: list[Action] = [PresenceItem.accused_since.set(PresenceItem.accused_since | at)]
        try:
            item.update(actions, condition=PresenceItem.peer_id.exists())
        except UpdateError as error:
            _unless_condition(error)
            return None
        return _pulse(item)

    def fell(self, peer_id: PeerId, at: datetime) -> None:
        self._update(peer_id, [PresenceItem.fell_at.set(at)])

    def pulse(self, peer_id: PeerId) -> Pulse | None:
        try:
            return _pulse(PresenceItem.get(peer_id, PresenceItem.ITEM, consistent_read=True))
        except PresenceItem.DoesNotExist:
            return None

    def running(self, peer_id: PeerId) -> Revision:
        try:
            item = PresenceItem.get(peer_id, PresenceItem.ITEM, consistent_read=True)
        except PresenceItem.DoesNotExist:
            return Revision(0)
        return Revision(int(item.applied_revision or 0))

    def applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
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
                    PresenceItem.applied_error.remove(),
                ],
                condition=PresenceItem.peer_id.exists() & _admitted(agent) & newer,
                return_values="ALL_OLD",
            )
        except UpdateError as error:
            _unless_condition(error)
            return None
        before = (answer.get("Attributes") or {}).get("applied_revision")
        return Revision(0 if before is None else int(before["N"]))

    def failed(self, agent: Agent, error: str, at: datetime) -> bool:
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

    def sighted(self, network_id: NetworkId, peer_id: PeerId, sighting: Sighting) -> bool:
        newer = SightingItem.handshake_at.does_not_exist() | (SightingItem.handshake_at <= sighting.handshake_at)
        try:
            answer = SightingItem._get_connection().update_item(
                peer_id,
                _sighting_key(network_id),
                actions=[
                    SightingItem.handshake_at.set(sighting.handshake_at),
                    SightingItem.seen_at.set(sighting.seen_at),
                    _set_or_removed(SightingItem.endpoint, sighting.endpoint),
                ],
                condition=newer,
                return_values="ALL_OLD",
            )
        except UpdateError as error:
            _unless_condition(error)
            return False
        return is_awakening(_sighting(answer.get("Attributes")), sighting)

    def record(self, fact: Fact) -> None:
        item = FactItem(
            fact.peer_id,
            fact_key(fact),
            network_id=fact.network_id,
            kind=fact.kind.value,
            at=fact.at,
            expires_at=epoch(fact.at + FACTS_KEPT),
        )
        try:
            item.save(condition=FactItem.peer_id.does_not_exist())  # a second insert would not be one
        except PutError as error:
            _unless_condition(error)

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Seen]:
        if not peer_ids:
            return {}
        agents = PresenceItem.batch_get([(known, PresenceItem.ITEM) for known in peer_ids], consistent_read=True)
        presences = {PeerId(item.peer_id): _presence(item) for item in agents}
        observed = SightingItem.batch_get(
            [(known, _sighting_key(network_id)) for known in peer_ids], consistent_read=True
        )
        sightings = {PeerId(item.peer_id): _seen(item) for item in observed}
        return {
            known: Seen(presences.get(known), sightings.get(known)) for known in presences.keys() | sightings.keys()
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
        return Progress(Revision(int(item.wanted)), Revision(int(item.applied_revision or 0)))


def _admitted(agent: Agent) -> Condition:
    """That frames of this agent count. An item of before admissions were kept has none, until a token is re-issued."""
    admission = PresenceItem.admission
    own: Condition = admission.does_not_exist() | (admission == agent.admission)
    return own


class _Contended(Exception):
    """Statements of a batch that the store could not run now."""

    def __init__(self, codes: Collection[str]) -> None:
        super().__init__(", ".join(sorted(set(codes))))


def _raise_wanted(wanted: Sequence[tuple[PeerId, Revision]]) -> None:
    """One request of statements that stand or fall alone; those the store was too busy for are run again.

    Statements, not a transaction: that would cost twice the writes, and turn away a heartbeat that
    comes meanwhile.
    """
    left = list(wanted)
    for attempt in Retrying(
        retry=retry_if_exception_type(_Contended),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    ):
        with attempt:
            failed = _failed(left)
            left = [(peer_id, revision) for peer_id, revision in left if peer_id in failed]
            if failed:
                raise _Contended(failed.values())


def _failed(wanted: Sequence[tuple[PeerId, Revision]]) -> dict[PeerId, str]:
    """Run one batch; answers whose statement failed for another reason than its condition, and the reason's code."""
    connection = PresenceItem._get_connection()
    client: Any = connection.connection.client
    answer = client.batch_execute_statement(
        Statements=[
            {
                "Statement": f'UPDATE "{connection.table_name}" SET "wanted" = ? '  # noqa: S608  the table's name alone
                'WHERE "peer_id" = ? AND "item" = ? AND "wanted" < ?',
                "Parameters": [{"N": str(revision)}, {"S": peer_id}, {"S": PresenceItem.ITEM}, {"N": str(revision)}],
            }
            for peer_id, revision in wanted
        ]
    )
    codes = [response.get("Error", {}).get("Code", CONDITION) for response in answer["Responses"]]
    return {peer_id: code for (peer_id, _), code in zip(wanted, codes, strict=True) if code != CONDITION}


def _sighting_key(network_id: NetworkId) -> str:
    return f"sighting#{network_id}"


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


def _pulse(item: PresenceItem) -> Pulse:
    return Pulse(
        None if item.connection_id is None else ConnectionId(item.connection_id),
        item.last_seen,
        item.accused_since,
        item.fell_at,
        frozenset(map(PeerId, item.unreachable or ())),
        item.closed_at,
    )


def _sighting(attributes: Mapping[str, Any] | None) -> Sighting | None:
    if not attributes:
        return None
    item = SightingItem()
    item.deserialize(dict(attributes))
    return _seen(item)


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


def _set_or_removed(attribute: UnicodeAttribute, value: str | None) -> Action:
    return attribute.remove() if value is None else attribute.set(value)


def _unless_condition(error: UpdateError | PutError) -> None:
    if error.cause_response_code != "ConditionalCheckFailedException":
        raise error
