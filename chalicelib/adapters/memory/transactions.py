"""A commit on dicts: all conditions first, then all writes."""

from threading import Lock

from chalicelib.adapters.dynamodb.transact import LIMITS
from chalicelib.adapters.memory.identity_writes import holds, write_identity
from chalicelib.adapters.memory.incidents import incident_holds, incident_size, write_incident
from chalicelib.adapters.memory.liveness import is_heard_last
from chalicelib.adapters.memory.tables import AgentFacts, MemoryTables
from chalicelib.adapters.memory.webhooks import hook_holds, write_hook
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
from chalicelib.domain.ids import Revision
from chalicelib.domain.incident import writes as incident
from chalicelib.domain.incident.writes import OpenIncident, PutObserverBlocks, RejectInstances, SaveIncident
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Block
from chalicelib.domain.webhook import writes as webhook
from chalicelib.domain.webhook.writes import PutHook, RemoveHook
from chalicelib.ports.transactions import CommitConflict, ConditionFailed

OPTIMISTIC = (
    AdvanceNetwork,
    RemoveNetwork,
    WriteBlock,
    ForgetAgent,
    *identity.OPTIMISTIC,
    *incident.OPTIMISTIC,
    *webhook.OPTIMISTIC,
)


class MemoryTransactions:
    limits = LIMITS

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._lock = Lock()

    def commit(self, commit: Commit) -> None:
        tables, change = self._tables, commit.change
        if (size := (change is not None) + sum(map(_size, commit.writes))) > self.limits.items:
            raise ValueError(f"{size} items in one transaction")
        with self._lock:
            failed = [write for write in commit.writes if not self._holds(write)]
            for write in failed:
                if not isinstance(write, OPTIMISTIC):
                    raise ConditionFailed(commit, write)
            is_logged = change is not None and (change.network_id, change.revision) in tables.changes
            if failed or is_logged or tables.adversary.conflicts():
                raise CommitConflict
            for write in commit.writes:
                self._write(write)
            if change is not None:
                tables.changes[change.network_id, change.revision] = change
                tables.stream.append(change)

    def _holds(self, write: Write) -> bool:  # noqa: C901  one flat case a kind of write
        """Whether the write's own condition is met."""
        tables = self._tables
        match write:
            case CreateNetwork(network):
                return network.id not in tables.networks
            case AdvanceNetwork(network):
                stored = tables.networks.get(network.id)
                return stored is not None and stored.revision == network.revision - 1
            case RemoveNetwork(network):
                stored = tables.networks.get(network.id)
                return stored is not None and stored.revision == network.revision
            case WriteBlock(block):
                return tables.blocks.get(block.key, Block(block.key)).version == block.version - 1
            case Claim(network_id, kind, value, peer_id):
                return tables.claims.get((network_id, kind, value), peer_id) == peer_id
            case TakeAddress(network_id, _, allocation):
                _, stored_allocation = tables.allocations.get((network_id, allocation.index), (None, None))
                return stored_allocation == (allocation if allocation.freed_at is not None else None)
            case SettleRequest(request):
                running = tables.replayable.get((request.principal, request.key))
                return running is not None and running.attempt == request.attempt and not running.is_done
            case ForgetAgent(peer_id, silent):
                facts = tables.agents.get(peer_id)
                return silent is None or (facts is not None and is_heard_last(facts, silent))
            case Audit(record):
                return tables.audit.get(record.place, record) == record
            case (
                WriteAcl()
                | RemoveAcl()
                | PutPeer()
                | DeletePeer()
                | Release()
                | FreeAddress()
                | AdmitAgent()
                | MarkAgent()
                | RevokeAgent()
                | ForgetSighting()
            ):
                return True
            case OpenIncident() | SaveIncident() | RejectInstances() | PutObserverBlocks():
                return incident_holds(tables, write)
            case PutHook() | RemoveHook():
                return hook_holds(tables, write)
            case _:
                return holds(tables, write)

    def _write(self, write: Write) -> None:  # noqa: C901  one flat case a kind of write
        tables = self._tables
        match write:
            case CreateNetwork(network) | AdvanceNetwork(network):
                tables.networks[network.id] = network
            case RemoveNetwork(network):
                del tables.networks[network.id]
            case WriteBlock(block):
                tables.blocks[block.key] = block
            case WriteAcl(acl):
                tables.acls[acl.network_id] = acl
            case RemoveAcl(network_id):
                tables.acls.pop(network_id, None)
            case SettleRequest(request):
                tables.replayable[request.principal, request.key] = request
            case PutPeer(record):
                tables.peers[record.peer.network_id, record.peer.id] = record
            case DeletePeer(tombstone):
                tables.peers.pop((tombstone.network_id, tombstone.peer_id), None)
                tables.tombstones[tombstone.network_id, tombstone.peer_id] = tombstone
            case Claim(network_id, kind, value, peer_id):
                tables.claims[network_id, kind, value] = peer_id
            case Release(network_id, kind, value):
                tables.claims.pop((network_id, kind, value), None)
            case TakeAddress(network_id, peer_id, allocation):
                tables.allocations[network_id, allocation.index] = (peer_id, Allocation(allocation.index))
            case FreeAddress(network_id, index, at):
                tables.allocations[network_id, index] = (None, Allocation(index, at))
            case AdmitAgent(peer_id, wanted, host, admission, is_blocked, is_ephemeral):
                tables.agents[peer_id] = AgentFacts(
                    wanted, host, admission, is_blocked=is_blocked, is_ephemeral=is_ephemeral
                )
            case MarkAgent(peer_id, is_blocked):
                facts = tables.agents.setdefault(peer_id, AgentFacts(Revision(0), None))
                facts.is_blocked = is_blocked
                facts.rejected = facts.rejected if is_blocked else frozenset()
            case RevokeAgent(peer_id, wanted):
                tables.agents.setdefault(peer_id, AgentFacts(wanted, None)).admission = None
            case ForgetAgent(peer_id, _):
                tables.agents.pop(peer_id, None)
            case ForgetSighting(network_id, peer_id):
                tables.sightings.pop((peer_id, network_id), None)
            case Audit(record):
                tables.audit[record.place] = record
            case OpenIncident() | SaveIncident() | RejectInstances() | PutObserverBlocks():
                write_incident(tables, write)
            case PutHook() | RemoveHook():
                write_hook(tables, write)
            case _:
                write_identity(tables, write)


def _size(write: Write) -> int:
    """Items of a transaction on DynamoDB."""
    match write:
        case DeletePeer() | FreeAddress():
            return 2
        case TakeAddress(_, _, allocation):
            return 1 if allocation.freed_at is None else 2
        case OpenIncident() | SaveIncident():
            return incident_size(write)
        case _:
            return 1
