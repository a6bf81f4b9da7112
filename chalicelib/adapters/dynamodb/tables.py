"""Which items each table holds, and the one connection to all of them."""

from contextlib import suppress
from typing import Any

from pynamodb.connection import Connection

from chalicelib.adapters.dynamodb.accounts import SettingsItem
from chalicelib.adapters.dynamodb.allocation import AllocationItem, FreedItem
from chalicelib.adapters.dynamodb.api_tokens import TokenItem
from chalicelib.adapters.dynamodb.audit import AuditItem
from chalicelib.adapters.dynamodb.change import ChangeItem
from chalicelib.adapters.dynamodb.connection import PatientConnection
from chalicelib.adapters.dynamodb.facts import FactItem
from chalicelib.adapters.dynamodb.incidents import CountsItem, EntryItem, IncidentItem, StandingItem
from chalicelib.adapters.dynamodb.join_keys import JoinItem, JoinKeyItem
from chalicelib.adapters.dynamodb.limits import LimitItem
from chalicelib.adapters.dynamodb.network import AclItem, BlockItem, NetworkItem
from chalicelib.adapters.dynamodb.peer import ClaimItem, PeerItem, TombstoneItem
from chalicelib.adapters.dynamodb.presence import PresenceItem
from chalicelib.adapters.dynamodb.request import RequestItem
from chalicelib.adapters.dynamodb.rollout import ConcernedItem, ExpectedItem, MarkItem, TallyItem
from chalicelib.adapters.dynamodb.sessions import AssertionItem, SessionItem, TicketItem
from chalicelib.adapters.dynamodb.sightings import SightingItem
from chalicelib.adapters.dynamodb.signing import SigningItem
from chalicelib.adapters.dynamodb.sockets import SocketItem
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.users import AdministratorsItem, EmailItem, OwnedItem, UserItem
from chalicelib.adapters.dynamodb.webhooks import DeliveryItem, HookItem
from chalicelib.settings import Settings

CONNECTIONS = 16  # at once
ITEMS: tuple[tuple[str, tuple[type[Table], ...]], ...] = (
    ("networks", (NetworkItem, AclItem, BlockItem)),
    ("peers", (PeerItem, ClaimItem, TombstoneItem)),
    ("allocations", (AllocationItem, FreedItem)),
    ("changes", (ChangeItem, ExpectedItem, ConcernedItem, TallyItem)),
    ("presence", (PresenceItem, SightingItem, MarkItem, FactItem)),
    ("sockets", (SocketItem,)),
    ("sessions", (SessionItem, AssertionItem, TicketItem, LimitItem)),
    (
        "accounts",
        (
            TokenItem,
            UserItem,
            EmailItem,
            AdministratorsItem,
            OwnedItem,
            SettingsItem,
            RequestItem,
            SigningItem,
            JoinKeyItem,
            JoinItem,
        ),
    ),
    ("audit", (AuditItem,)),
    ("incidents", (IncidentItem, StandingItem, EntryItem, CountsItem)),
    ("webhooks", (HookItem, DeliveryItem)),
)


def bind(settings: Settings) -> Connection:
    """Point the models at a deployment's tables; once a process, before the first request.

    Answers their one connection. PynamoDB would make each model one, and a client takes longer
    to build than all that is imported.
    """
    connection = PatientConnection(
        region=settings.region,
        host=settings.endpoint_url,
        connect_timeout_seconds=Table.Meta.connect_timeout_seconds,
        read_timeout_seconds=Table.Meta.read_timeout_seconds,
        max_retry_attempts=Table.Meta.max_retry_attempts,
        max_pool_connections=CONNECTIONS,
    )
    for table, items in ITEMS:
        name = getattr(settings.tables, table)
        for item in items:
            _connect(item, name, connection)
    return connection


def _connect(item: type[Table], table_name: str, connection: Connection) -> None:
    meta: Any = item.Meta
    meta.table_name = table_name
    item._connection = None
    own = item._get_connection()
    with suppress(ValueError):  # it knows the table: items of one share its keys, and a function is not told of all
        connection.add_meta_table(own.get_meta_table())
    own.connection = connection
