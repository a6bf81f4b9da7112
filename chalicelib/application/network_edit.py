"""One change of one network: read, decide, write; again when the network moved meanwhile.

What a use case decides becomes here the change record, the audit record where somebody did it, and with its writes
one transaction. Requests: 1 read and 1 transaction, and what the decision reads.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.audited import audit_record, is_audited
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import SAME, difference
from chalicelib.domain.change.writes import AdvanceNetwork, Audit, Commit, CreateNetwork, RemoveNetwork, Write
from chalicelib.domain.errors import Stale
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.principal import Caller
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.network.network import Network
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import Limits, Transactions

Result = TypeVar("Result")

OWN_ITEMS = 3  # the network, the change record, the audit record


@dataclass(frozen=True, slots=True)
class NetworkEdit:
    """What a change makes of a network, and what is written beside it. `network`: one revision later. `is_last`: it
    is removed at that."""

    what: What
    network: Network
    writes: tuple[Write, ...] = ()
    peers: tuple[Affected, ...] = ()
    note: str | None = None
    is_last: bool = False


Decision = Callable[[Network, Network], tuple[Result, NetworkEdit | None]]
"""From the network as stored, and as it is one revision later: what to answer, and what to write; None: nothing."""


@dataclass(frozen=True, slots=True)
class NetworkEdits:
    transactions: Transactions
    networks: NetworkStore
    clock: Clock
    randomness: Randomness

    @property
    def limits(self) -> Limits:
        """What the writes of one edit may be beside its own."""
        all_of_it = self.transactions.limits
        return Limits(all_of_it.items - OWN_ITEMS, all_of_it.item_bytes)

    def make(self, network_id: NetworkId, by: Caller, decision: Decision[Result]) -> Result:
        """Raises NetworkNotFound, what a taken claim means, and what the decision raises."""

        def attempt() -> Result:
            stored = self.networks.get(network_id)
            result, edit = decision(stored, stored.advanced(self.clock.now()))
            if edit is not None:
                self.commit(stored, edit, by)
            return result

        return retry_on_conflict(self.clock, attempt)

    def commit(self, stored: Network | None, edit: NetworkEdit, by: Caller) -> None:
        """Write an edit of the network as it is stored, None: of one that is new.

        Raises:
            CommitConflict, ConditionFailed.
        """
        network = edit.network
        change = Change(
            network_id=network.id,
            revision=network.revision,
            at=network.updated_at,
            by=PrincipalId(by.actor.id),
            what=edit.what,
            peers=edit.peers,
            network=SAME if stored is None else difference(stored, network),
            note=edit.note,
        )
        writes = [_own_write(stored, edit), *edit.writes]
        if is_audited(change, by):
            audit_id = AuditId(self.randomness.new_id("aud"))
            writes.append(Audit(audit_record(audit_id, change, network.name, by)))
        self.transactions.commit(Commit(change, tuple(writes)))


def _own_write(stored: Network | None, edit: NetworkEdit) -> Write:
    """What becomes of the network's item."""
    if stored is None:
        return CreateNetwork(edit.network)
    return RemoveNetwork(stored) if edit.is_last else AdvanceNetwork(edit.network)


def require_version(version: int, if_match: Set[int] | None) -> None:
    """Raises Stale: the stored version is none of those that the caller takes; None: it takes whichever."""
    if if_match is not None and version not in if_match:
        raise Stale
