"""Refusals worth knowing, in the audit log: at most one of a kind, an actor and a minute.

What is refused stays refused whether or not it can be written. Requests: 1 transaction of one item; none for what this
process wrote in the same minute.
"""

import hashlib
from dataclasses import dataclass, field

from chalicelib.domain.change.writes import Audit, Commit
from chalicelib.domain.identity.audit import Actor, AuditId, AuditRecord, Outcome, RefusedAction, Target
from chalicelib.domain.identity.principal import Caller
from chalicelib.domain.ids import NetworkId
from chalicelib.ports.outside import Clock
from chalicelib.ports.transactions import CommitConflict, ConditionFailed, Transactions

MOST_REMEMBERED = 1000


@dataclass(slots=True)
class Refusals:
    transactions: Transactions
    clock: Clock
    _noted: set[tuple[str, AuditId]] = field(default_factory=set)

    def note(self, action: RefusedAction, target: Target, network_id: NetworkId | None, by: Caller) -> None:
        """Record a refusal, at the minute in which it was made; another of this minute stands for it."""
        minute = self.clock.now().replace(second=0, microsecond=0)
        record = AuditRecord(
            id=_id(action, by.actor),
            at=minute,
            actor=by.actor,
            source=by.source,
            action=action.value,
            target=target,
            network_id=network_id,
            outcome=Outcome.REFUSED,
            request_id=by.request_id,
        )
        known = (record.place, record.id)
        if known in self._noted:
            return
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted.clear()
        self._noted.add(known)
        try:
            self.transactions.commit(Commit(None, (Audit(record),)))
        except (ConditionFailed, CommitConflict):  # another process was first
            return


def _id(action: RefusedAction, actor: Actor) -> AuditId:
    """The same for the same kind and actor: with the minute it is the record's place, where only one can be put."""
    return AuditId("aud_" + hashlib.sha256(f"{action}\0{actor.kind}\0{actor.id}".encode()).hexdigest()[:26])
