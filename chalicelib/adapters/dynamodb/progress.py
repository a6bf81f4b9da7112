"""How far agents are: attributes of an agent's item."""

from collections.abc import Mapping
from datetime import datetime

from pynamodb.exceptions import UpdateError

from chalicelib.adapters.dynamodb.presence import (
    PresenceItem,
    admitted,
    find,
    progress_value,
    unless_condition,
    update,
)
from chalicelib.adapters.dynamodb.statements import Statement, run
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.peer.presence import Progress


class DynamoProgress:
    def of(self, agent: Agent) -> Progress | None:
        item = find(agent.peer_id)
        is_admitted = item is not None and item.admission in (None, agent.admission)
        return progress_value(item) if item is not None and is_admitted else None

    def applied_revision(self, peer_id: PeerId) -> Revision:
        item = find(peer_id)
        return Revision(0) if item is None else progress_value(item).applied

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
                condition=PresenceItem.peer_id.exists() & admitted(agent) & newer,
                return_values="ALL_OLD",
            )
        except UpdateError as error:
            unless_condition(error)
            return None
        before = PresenceItem()
        before.deserialize(dict(answer["Attributes"]))
        is_own = before.applied_revision == revision and before.applied_at == at  # repeated after a lost answer
        return Revision(int((before.applied_after if is_own else before.applied_revision) or 0))

    def note_failure(self, agent: Agent, error: str, at: datetime) -> bool:
        updated = update(
            agent.peer_id,
            [
                PresenceItem.applied_revision.set(PresenceItem.applied_revision | 0),  # as it is, or the first
                PresenceItem.applied_hash.set(PresenceItem.applied_hash | ""),
                PresenceItem.applied_at.set(PresenceItem.applied_at | at),
                PresenceItem.applied_error.set(error),
            ],
            admitted(agent),
        )
        return updated is not None
