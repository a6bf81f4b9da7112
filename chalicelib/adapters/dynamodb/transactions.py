"""A commit as one `TransactWriteItems`."""

from datetime import timedelta

from pynamodb.connection import Connection
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.allocation import AllocationItem, FreedItem, freed_key, index_key
from chalicelib.adapters.dynamodb.audit import AuditItem, audit_item
from chalicelib.adapters.dynamodb.change import ChangeItem, change_item
from chalicelib.adapters.dynamodb.identity_writes import put_identity
from chalicelib.adapters.dynamodb.incidents import put_incident
from chalicelib.adapters.dynamodb.liveness import heard_last
from chalicelib.adapters.dynamodb.network import (
    AclItem,
    BlockItem,
    NetworkItem,
    acl_item,
    acl_key,
    block_item,
    network_item,
)
from chalicelib.adapters.dynamodb.peer import ClaimItem, PeerItem, TombstoneItem, claim_key, record_item, tombstone_key
from chalicelib.adapters.dynamodb.presence import PresenceItem
from chalicelib.adapters.dynamodb.request import RequestItem, request_item
from chalicelib.adapters.dynamodb.sightings import SightingItem, sighting_key
from chalicelib.adapters.dynamodb.table import epoch
from chalicelib.adapters.dynamodb.transact import LIMITS, Cancelled, Transaction
from chalicelib.adapters.dynamodb.webhooks import put_hook
from chalicelib.domain.change.writes import (
    AdmitAgent,
    AdvanceNetwork,
    Audit,
    Claim,
    Commit,
    CreateNetwork,
    DeletePeer,
    ForgetAgent,
    ForgetSighting,
    FreeAddress,
    MarkAgent,
    PutPeer,
    Release,
    RemoveAcl,
    RemoveNetwork,
    RevokeAgent,
    SettleRequest,
    TakeAddress,
    Write,
    WriteAcl,
    WriteBlock,
)
from chalicelib.domain.identity import writes as identity
from chalicelib.domain.incident import writes as incident
from chalicelib.domain.incident.writes import OpenIncident, PutObserverBlocks, RejectInstances, SaveIncident
from chalicelib.domain.webhook import writes as webhook
from chalicelib.domain.webhook.writes import PutHook, RemoveHook
from chalicelib.ports.transactions import CommitConflict, ConditionFailed

TOMBSTONE_LIFETIME = timedelta(days=90)
OPTIMISTIC = (
    AdvanceNetwork,
    RemoveNetwork,
    WriteBlock,
    ForgetAgent,
    *identity.OPTIMISTIC,
    *incident.OPTIMISTIC,
    *webhook.OPTIMISTIC,
)
"""Their conditions say that nobody was first."""


class DynamoTransactions:
    limits = LIMITS

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def commit(self, commit: Commit) -> None:
        transaction = Transaction[Write | None](self._connection)
        for write in commit.writes:
            _put_into(transaction, write)
        if commit.change is not None:
            transaction.put(change_item(commit.change), None, ChangeItem.item.does_not_exist())
        try:
            transaction.send()
        except Cancelled as cancelled:
            raise _why(commit, cancelled.unmet) from cancelled


def _why(commit: Commit, unmet: list[Write | None]) -> CommitConflict | ConditionFailed:
    """A claim that is taken is the answer; anything else that moved is decided again."""
    for write in unmet:
        if write is not None and not isinstance(write, OPTIMISTIC):
            return ConditionFailed(commit, write)
    return CommitConflict()


def _marked(is_blocked: bool) -> list[Action]:
    """Once it is unblocked, each instance of its agent is heard again."""
    known = PresenceItem.wanted.set(PresenceItem.wanted | 0)  # whoever reads it finds a whole item
    marked: list[Action] = [known, PresenceItem.is_blocked.set(is_blocked)]
    return marked if is_blocked else [*marked, PresenceItem.rejected.remove()]


def _put_into(transaction: Transaction[Write | None], write: Write) -> None:  # noqa: C901  one flat case a kind of write
    """Add the items of one write."""
    match write:
        case CreateNetwork(network):
            transaction.put(network_item(network), write, NetworkItem.network_id.does_not_exist())
        case AdvanceNetwork(network):
            transaction.put(network_item(network), write, NetworkItem.revision == network.revision - 1)
        case RemoveNetwork(network):
            transaction.delete(NetworkItem(network.id), write, NetworkItem.revision == network.revision)
        case WriteBlock(block):
            first = BlockItem.version.does_not_exist()
            condition = first if block.version == 1 else BlockItem.version == block.version - 1
            transaction.put(block_item(block), write, condition)
        case WriteAcl(acl):
            transaction.put(acl_item(acl), write)
        case RemoveAcl(network_id):
            transaction.delete(AclItem(acl_key(network_id)), write)
        case SettleRequest(request):
            ours = (RequestItem.attempt == request.attempt) & (RequestItem.is_done == False)  # noqa: E712  a condition
            transaction.put(request_item(request), write, ours)
        case PutPeer(record):
            transaction.put(record_item(record), write)
        case DeletePeer(tombstone):
            transaction.delete(PeerItem(tombstone.network_id, tombstone.peer_id), write)
            kept = TombstoneItem(
                tombstone.network_id,
                tombstone_key(tombstone.peer_id),
                device_key=tombstone.device_key,
                revision=tombstone.revision,
                deleted_at=tombstone.deleted_at,
                expires_at=epoch(tombstone.deleted_at + TOMBSTONE_LIFETIME),
            )
            transaction.put(kept, write)
        case Claim(network_id, kind, value, peer_id):
            held = ClaimItem(network_id, claim_key(kind, value), peer_id=peer_id)
            transaction.put(held, write, ClaimItem.item.does_not_exist() | (ClaimItem.peer_id == peer_id))
        case Release(network_id, kind, value):
            transaction.delete(ClaimItem(network_id, claim_key(kind, value)), write)
        case TakeAddress(network_id, peer_id, allocation):
            taken = AllocationItem(network_id, index_key(allocation.index), peer_id=peer_id)
            freed_at = allocation.freed_at
            if freed_at is None:
                transaction.put(taken, write, AllocationItem.item.does_not_exist())
            else:
                pointer = FreedItem(network_id, freed_key(freed_at, allocation.index))
                transaction.put(taken, write, AllocationItem.freed_at == freed_at)
                transaction.delete(pointer, write)
        case FreeAddress(network_id, index, at):
            transaction.put(AllocationItem(network_id, index_key(index), freed_at=at), write)
            transaction.put(FreedItem(network_id, freed_key(at, index), index=index, freed_at=at), write)
        case AdmitAgent(peer_id, wanted, host, admission, is_blocked, is_ephemeral):
            said = {"hostname": host.hostname, "os": host.os, "agent_version": host.agent_version}
            begun = PresenceItem(
                peer_id,
                wanted=wanted,
                host=said,
                admission=admission,
                is_blocked=is_blocked,
                is_ephemeral=is_ephemeral,
            )
            transaction.put(begun, write)
        case RevokeAgent(peer_id, wanted):
            revoked = PresenceItem.admission.set(PresenceItem.REVOKED)
            known = PresenceItem.wanted.set(PresenceItem.wanted | wanted)
            transaction.update(PresenceItem(peer_id), write, [revoked, known])
        case MarkAgent(peer_id, is_blocked):
            transaction.update(PresenceItem(peer_id), write, _marked(is_blocked))
        case ForgetAgent(peer_id, silent):
            is_silent = None if silent is None else heard_last(silent)
            transaction.delete(PresenceItem(peer_id, PresenceItem.ITEM), write, is_silent)
        case ForgetSighting(network_id, peer_id):
            transaction.delete(SightingItem(peer_id, sighting_key(network_id)), write)
        case Audit(record):
            added = audit_item(record)
            transaction.put(added, write, AuditItem.item.does_not_exist() | (AuditItem.record == added.record))
        case OpenIncident() | SaveIncident() | RejectInstances() | PutObserverBlocks():
            put_incident(transaction, write)
        case PutHook() | RemoveHook():
            put_hook(transaction, write)
        case _:
            put_identity(transaction, write)
