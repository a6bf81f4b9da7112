"""The whole outside in memory, in the place of AWS."""

from chalicelib.adapters.dynamodb import streams
from chalicelib.adapters.identity.assertions import JwtAssertions
from chalicelib.adapters.memory.accounts import MemoryAccounts
from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.allocation import MemoryAllocations, MemoryLeftovers
from chalicelib.adapters.memory.audit import MemoryAudit
from chalicelib.adapters.memory.change import MemoryChanges
from chalicelib.adapters.memory.clock_and_chance import CountedRandomness, MemoryVault, SteppedClock
from chalicelib.adapters.memory.facts import MemoryFacts
from chalicelib.adapters.memory.identity import MemoryIdentities, MemoryPool
from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.join_keys import MemoryJoinKeys
from chalicelib.adapters.memory.limits import MemoryLimits
from chalicelib.adapters.memory.liveness import MemoryLiveness
from chalicelib.adapters.memory.network import MemoryNetworks
from chalicelib.adapters.memory.peer import MemoryPeers
from chalicelib.adapters.memory.presence import MemoryPresence
from chalicelib.adapters.memory.progress import MemoryProgress
from chalicelib.adapters.memory.queues import (
    MemoryDeadLetters,
    MemoryFailoverQueue,
    MemoryHeld,
    MemoryHookQueue,
    MemoryQueue,
    MemoryRedelivery,
    MemoryRemovals,
)
from chalicelib.adapters.memory.request import MemoryRequests
from chalicelib.adapters.memory.rollout import MemoryRollouts
from chalicelib.adapters.memory.sessions import MemorySessions
from chalicelib.adapters.memory.sightings import MemorySightings
from chalicelib.adapters.memory.signing import MemorySigningKeys
from chalicelib.adapters.memory.sockets import MemoryConnections, MemoryGateway
from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.adapters.memory.transactions import MemoryTransactions
from chalicelib.adapters.memory.users import MemoryTokens, MemoryUsers
from chalicelib.adapters.memory.webhooks import MemoryHooks, MemoryReceivers
from chalicelib.adapters.queues import messages
from chalicelib.ports.change import StreamRecords
from chalicelib.ports.queues import QueueMessages


class MemoryOutside:
    """Every port over one set of dicts."""

    def __init__(self, adversary: Adversary | None = None) -> None:
        self.tables = MemoryTables(adversary or Adversary())
        self.clock = SteppedClock()
        self.randomness = CountedRandomness()
        self.transactions = MemoryTransactions(self.tables)
        self.networks = MemoryNetworks(self.tables)
        self.peers = MemoryPeers(self.tables)
        self.allocations = MemoryAllocations(self.tables)
        self.changes = MemoryChanges(self.tables)
        self.leftovers = MemoryLeftovers(self.tables)
        self.requests = MemoryRequests(self.tables)
        self.rollouts = MemoryRollouts(self.tables)
        self.signing_keys = MemorySigningKeys(self.tables)
        self.presence = MemoryPresence(self.tables)
        self.progress = MemoryProgress(self.tables)
        self.liveness = MemoryLiveness(self.tables)
        self.sightings = MemorySightings(self.tables)
        self.facts = MemoryFacts(self.tables)
        self.connections = MemoryConnections(self.tables)
        self.sessions = MemorySessions(self.tables)
        self.accounts = MemoryAccounts(self.tables)
        self.users = MemoryUsers(self.tables)
        self.tokens = MemoryTokens(self.tables)
        self.join_keys = MemoryJoinKeys(self.tables)
        self.audit = MemoryAudit(self.tables)
        self.incidents = MemoryIncidents(self.tables)
        self.limits = MemoryLimits(self.tables)
        self.hooks = MemoryHooks(self.tables)
        self.assertions = JwtAssertions()
        self.identities = MemoryIdentities()
        self.pool = MemoryPool()
        self.vault = MemoryVault()
        self.queue = MemoryQueue()
        self.failover_tasks = MemoryFailoverQueue(self.clock)
        self.held = MemoryHeld()
        self.hook_tasks = MemoryHookQueue(self.clock)
        self.receivers = MemoryReceivers()
        self.removals = MemoryRemovals()
        self.redelivery = MemoryRedelivery()
        self.records: StreamRecords = streams
        self.messages: QueueMessages = messages
        self.dead_letters = MemoryDeadLetters()
        self.gateway = MemoryGateway()
