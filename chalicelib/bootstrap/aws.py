"""Every adapter of a deployment. Beside `container`, the only file that names concrete adapters.

Built on first use: an import does no I/O, and a function pays only for the adapters it uses.
"""

from functools import cached_property

from chalicelib.adapters.dynamodb import streams, tables
from chalicelib.adapters.dynamodb.accounts import DynamoAccounts
from chalicelib.adapters.dynamodb.allocation import DynamoAllocations, DynamoLeftovers
from chalicelib.adapters.dynamodb.api_tokens import DynamoTokens
from chalicelib.adapters.dynamodb.audit import DynamoAudit
from chalicelib.adapters.dynamodb.change import DynamoChanges
from chalicelib.adapters.dynamodb.facts import DynamoFacts
from chalicelib.adapters.dynamodb.incidents import DynamoIncidents
from chalicelib.adapters.dynamodb.join_keys import DynamoJoinKeys
from chalicelib.adapters.dynamodb.limits import DynamoLimits
from chalicelib.adapters.dynamodb.liveness import DynamoLiveness
from chalicelib.adapters.dynamodb.network import DynamoNetworks
from chalicelib.adapters.dynamodb.peer import DynamoPeers
from chalicelib.adapters.dynamodb.presence import DynamoPresence
from chalicelib.adapters.dynamodb.progress import DynamoProgress
from chalicelib.adapters.dynamodb.request import DynamoRequests
from chalicelib.adapters.dynamodb.rollout import DynamoRollouts
from chalicelib.adapters.dynamodb.sessions import DynamoSessions
from chalicelib.adapters.dynamodb.sightings import DynamoSightings
from chalicelib.adapters.dynamodb.signing import DynamoSigningKeys
from chalicelib.adapters.dynamodb.sockets import DynamoConnections
from chalicelib.adapters.dynamodb.transactions import DynamoTransactions
from chalicelib.adapters.dynamodb.users import DynamoUsers
from chalicelib.adapters.dynamodb.webhooks import DynamoHooks
from chalicelib.adapters.system import SystemClock, SystemRandomness
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.allocation import AllocationStore, LeftoverStore
from chalicelib.ports.audit import AuditStore
from chalicelib.ports.change import ChangeStore, StreamRecords
from chalicelib.ports.facts import FactStore
from chalicelib.ports.identity import Assertions, IdentityTokens, Pool
from chalicelib.ports.incidents import IncidentStore
from chalicelib.ports.join_keys import JoinKeyStore
from chalicelib.ports.limits import LimitStore
from chalicelib.ports.liveness import LivenessStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.progress import ProgressStore
from chalicelib.ports.queues import (
    DeadLetters,
    FailoverQueue,
    HeldQueue,
    HookQueue,
    PushQueue,
    QueueMessages,
    Redelivery,
    RemovalQueue,
)
from chalicelib.ports.request import RequestStore
from chalicelib.ports.rollout import RolloutStore
from chalicelib.ports.sessions import SessionStore
from chalicelib.ports.sightings import SightingStore
from chalicelib.ports.signing import SigningKeyStore
from chalicelib.ports.sockets import ConnectionStore, Gateway
from chalicelib.ports.transactions import Transactions
from chalicelib.ports.users import TokenStore, UserStore
from chalicelib.ports.webhooks import HookStore, Receivers
from chalicelib.settings import Settings


class Aws:
    """Every adapter of a deployment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        connection = tables.bind(settings)
        self.records: StreamRecords = streams
        self.clock: Clock = SystemClock()
        self.randomness: Randomness = SystemRandomness()
        self.networks: NetworkStore = DynamoNetworks()
        self.peers: PeerStore = DynamoPeers()
        self.allocations: AllocationStore = DynamoAllocations()
        self.changes: ChangeStore = DynamoChanges()
        self.leftovers: LeftoverStore = DynamoLeftovers()
        self.requests: RequestStore = DynamoRequests()
        self.rollouts: RolloutStore = DynamoRollouts()
        self.signing_keys: SigningKeyStore = DynamoSigningKeys()
        self.presence: PresenceStore = DynamoPresence()
        self.progress: ProgressStore = DynamoProgress()
        self.liveness: LivenessStore = DynamoLiveness()
        self.sightings: SightingStore = DynamoSightings()
        self.facts: FactStore = DynamoFacts()
        self.connections: ConnectionStore = DynamoConnections()
        self.accounts: AccountStore = DynamoAccounts(connection)
        self.users: UserStore = DynamoUsers()
        self.tokens: TokenStore = DynamoTokens()
        self.join_keys: JoinKeyStore = DynamoJoinKeys(connection)
        self.audit: AuditStore = DynamoAudit()
        self.incidents: IncidentStore = DynamoIncidents()
        self.limits: LimitStore = DynamoLimits()
        self.hooks: HookStore = DynamoHooks(connection)
        self.transactions: Transactions = DynamoTransactions(connection)
        self.sessions: SessionStore = DynamoSessions(connection)

    @cached_property
    def assertions(self) -> Assertions:
        from chalicelib.adapters.identity.assertions import JwtAssertions

        return JwtAssertions()

    @cached_property
    def identities(self) -> IdentityTokens:
        from chalicelib.adapters.identity.oidc import OidcTokens

        return OidcTokens(self._settings.oidc, self.clock)

    @cached_property
    def pool(self) -> Pool:
        from chalicelib.adapters.identity.cognito import CognitoPool, NoPool

        return CognitoPool(self._settings) if self._settings.user_pool_id else NoPool()

    @cached_property
    def queue(self) -> PushQueue:
        from chalicelib.adapters.queues.sqs import SqsPushQueue

        return SqsPushQueue(self._settings)

    @cached_property
    def failover_tasks(self) -> FailoverQueue:
        from chalicelib.adapters.queues.sqs import SqsFailoverQueue

        return SqsFailoverQueue(self._settings)

    @cached_property
    def held(self) -> HeldQueue:
        from chalicelib.adapters.queues.sqs import SqsHeldQueue

        return SqsHeldQueue(self._settings)

    @cached_property
    def hook_tasks(self) -> HookQueue:
        from chalicelib.adapters.queues.sqs import SqsHookQueue

        return SqsHookQueue(self._settings)

    @cached_property
    def receivers(self) -> Receivers:
        from chalicelib.adapters.receivers import HttpReceivers

        return HttpReceivers(self._settings)

    @cached_property
    def vault(self) -> Vault:
        from chalicelib.adapters.kms import KmsVault  # import time: a KMS client is for who opens secrets

        return KmsVault(self._settings)

    @cached_property
    def removals(self) -> RemovalQueue:
        from chalicelib.adapters.queues.sqs import SqsRemovalQueue

        return SqsRemovalQueue(self._settings)

    @cached_property
    def redelivery(self) -> Redelivery:
        from chalicelib.adapters.queues.sqs import SqsRedelivery

        return SqsRedelivery(self._settings)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from chalicelib.adapters.queues.sqs import SqsDeadLetters

        return SqsDeadLetters(self._settings)

    @cached_property
    def messages(self) -> QueueMessages:
        from chalicelib.adapters.queues import messages

        return messages

    @cached_property
    def gateway(self) -> Gateway:
        from chalicelib.adapters.sockets.apigateway import ApiGatewaySockets

        return ApiGatewaySockets(self._settings)
