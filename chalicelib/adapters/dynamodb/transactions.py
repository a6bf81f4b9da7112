"""A commit as one `TransactWriteItems`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import assert_never

from pynamodb.connection import Connection
from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.dynamodb.models import (
    AclItem,
    AllocationItem,
    ChangeItem,
    ClaimItem,
    DirectoryItem,
    FreedItem,
    NetworkItem,
    PeerItem,
    PresenceItem,
    RequestItem,
    TombstoneItem,
)
from chalicelib.adapters.dynamodb.values import (
    acl_item,
    acl_key,
    change_item,
    claim_key,
    directory_item,
    epoch,
    freed_key,
    index_key,
    network_item,
    record_item,
    request_item,
    tombstone_key,
)
from chalicelib.domain.change import (
    AdmitAgent,
    AdvanceNetwork,
    BuryPeer,
    Claim,
    Commit,
    CreateNetwork,
    ForgetAgent,
    FreeAddress,
    PutPeer,
    Release,
    RemoveAcl,
    RemoveNetwork,
    RevokeAgent,
    SettleRequest,
    TakeAddress,
    Write,
    WriteAcl,
    WriteDirectory,
)
from chalicelib.ports import Moved, Refused

TOMBSTONE_LIFETIME = timedelta(days=90)
OPTIMISTIC = (AdvanceNetwork, RemoveNetwork, WriteDirectory)  # their condition says: nobody was first
UNCONDITIONAL = (RevokeAgent,)  # an update, which comes last in the reasons whatever its place among the writes
Queued = Callable[[TransactWrite], None]


class DynamoTransactions:
    """At most 100 items a commit, DynamoDB's limit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def commit(self, commit: Commit) -> None:
        owners: list[Write | None] = []
        try:
            with self._transaction() as transaction:
                for write in commit.writes:
                    for queue in _items(write):
                        owners.append(write)
                        queue(transaction)
                owners.append(None)
                transaction.save(change_item(commit.change), condition=ChangeItem.item.does_not_exist())
        except TransactWriteError as error:
            if error.cause_response_code != "TransactionCanceledException":
                raise
            raise _why(owners, error.cancellation_reasons) from error

    def _transaction(self) -> AbstractContextManager[TransactWrite]:
        return TransactWrite(connection=self._connection)


def _why(owners: list[Write | None], reasons: list[CancellationReason | None]) -> Moved | Refused:
    """A claim that is taken is the answer; anything else that moved is decided again."""
    failed = [owner for owner, reason in zip(owners, reasons, strict=True) if reason and _is_condition(reason)]
    for write in failed:
        if write is not None and not isinstance(write, OPTIMISTIC + UNCONDITIONAL):
            return Refused(write)
    return Moved()


def _is_condition(reason: CancellationReason) -> bool:
    return reason.code == "ConditionalCheckFailed"


def _items(write: Write) -> Iterator[Queued]:  # noqa: C901  one flat case a kind of write
    """The transaction items of one write."""
    match write:
        case CreateNetwork(network):
            yield lambda t: t.save(network_item(network), condition=NetworkItem.network_id.does_not_exist())
        case AdvanceNetwork(network):
            yield lambda t: t.save(network_item(network), condition=NetworkItem.revision == network.revision - 1)
        case RemoveNetwork(network):
            yield lambda t: t.delete(NetworkItem(network.id), condition=NetworkItem.revision == network.revision)
        case WriteDirectory(directory):
            first = directory.version == 1
            condition = (
                DirectoryItem.version.does_not_exist() if first else DirectoryItem.version == directory.version - 1
            )
            yield lambda t: t.save(directory_item(directory), condition=condition)
        case WriteAcl(acl):
            yield lambda t: t.save(acl_item(acl))
        case RemoveAcl(network_id):
            yield lambda t: t.delete(AclItem(acl_key(network_id)))
        case SettleRequest(request):
            ours = (RequestItem.attempt == request.attempt) & (RequestItem.is_done == False)  # noqa: E712  a condition
            yield lambda t: t.save(request_item(request), condition=ours)
        case PutPeer(record):
            yield lambda t: t.save(record_item(record))
        case BuryPeer(tombstone):
            yield lambda t: t.delete(PeerItem(tombstone.network_id, tombstone.peer_id))
            yield lambda t: t.save(
                TombstoneItem(
                    tombstone.network_id,
                    tombstone_key(tombstone.peer_id),
                    device_key=tombstone.device_key,
                    revision=tombstone.revision,
                    deleted_at=tombstone.deleted_at,
                    expires_at=epoch(tombstone.deleted_at + TOMBSTONE_LIFETIME),
                )
            )
        case Claim(network_id, kind, value, peer_id):
            held = ClaimItem(network_id, claim_key(kind, value), peer_id=peer_id)
            yield lambda t: t.save(held, condition=ClaimItem.item.does_not_exist() | (ClaimItem.peer_id == peer_id))
        case Release(network_id, kind, value):
            yield lambda t: t.delete(ClaimItem(network_id, claim_key(kind, value)))
        case TakeAddress(network_id, peer_id, allocation):
            taken = AllocationItem(network_id, index_key(allocation.index), peer_id=peer_id)
            freed_at = allocation.freed_at
            if freed_at is None:
                yield lambda t: t.save(taken, condition=AllocationItem.item.does_not_exist())
            else:
                pointer = FreedItem(network_id, freed_key(freed_at, allocation.index))
                yield lambda t: t.save(taken, condition=AllocationItem.freed_at == freed_at)
                yield lambda t: t.delete(pointer)
        case FreeAddress(network_id, index, at):
            yield lambda t: t.save(AllocationItem(network_id, index_key(index), freed_at=at))
            yield lambda t: t.save(FreedItem(network_id, freed_key(at, index), index=index, freed_at=at))
        case AdmitAgent(peer_id, wanted, host, admission):
            said = {"hostname": host.hostname, "os": host.os, "agent_version": host.agent_version}
            yield lambda t: t.save(PresenceItem(peer_id, wanted=wanted, admission=admission, host=said))
        case RevokeAgent(peer_id, wanted):
            revoked: list[Action] = [
                PresenceItem.admission.set(PresenceItem.REVOKED),
                PresenceItem.wanted.set(PresenceItem.wanted | wanted),
            ]
            yield lambda t: t.update(PresenceItem(peer_id, PresenceItem.ITEM), actions=revoked)
        case ForgetAgent(peer_id):
            yield lambda t: t.delete(PresenceItem(peer_id, PresenceItem.ITEM))
        case _:
            assert_never(write)
