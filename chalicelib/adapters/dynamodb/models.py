"""The items of the tables. Keys and what each table holds: docs/data.md."""

from contextlib import suppress
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.connection import PatientConnection
from chalicelib.settings import Settings

CONNECTIONS = 16  # at once


class Table(Model):
    """What all tables share: short time-outs and few retries, so that a Lambda fails before it is killed."""

    class Meta:
        connect_timeout_seconds = 2
        read_timeout_seconds = 5
        max_retry_attempts = 3


class NetworkItem(Table):
    """`networks`: one item a network."""

    class Meta(Table.Meta):
        table_name = "networks"

    network_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    cidr = UnicodeAttribute()
    cidr_v6 = UnicodeAttribute(null=True)
    domain = UnicodeAttribute()
    dns: ListAttribute[Any] = ListAttribute()
    revision = NumberAttribute()
    secret = BinaryAttribute(legacy_encoding=False)
    next_index = NumberAttribute()
    gaps = JSONAttribute(null=True)
    reserved = JSONAttribute(null=True)
    peers = NumberAttribute()
    routers = NumberAttribute(default=0)
    preferences = JSONAttribute(null=True)
    down = JSONAttribute(null=True)
    epoch = NumberAttribute()
    acl_version = NumberAttribute(default=0)
    settings_revision = NumberAttribute(null=True)
    is_deleting = BooleanAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()


class BlockItem(Table):
    """`networks`: what is taken of a block of the address space, `directory#block`; `held`: each range as CIDR and
    network, and the peer it stands behind."""

    class Meta(Table.Meta):
        table_name = "networks"

    network_id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    held = JSONAttribute()


class AclItem(Table):
    """`networks`: a network's access control list, `acl#network`."""

    class Meta(Table.Meta):
        table_name = "networks"

    network_id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    rules = JSONAttribute()


class PeerItem(Table):
    """`peers`: a peer under its id (JSON, see stored), with its enrolment token's hash and device key; `left_key`: the
    device key that gave the peer up."""

    FIRST, LAST = "d", "t"  # dyn_, jmp_ and sta_ lie between; claim# and tombstone# outside

    class Meta(Table.Meta):
        table_name = "peers"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer = UnicodeAttribute()
    enrollment_secret = UnicodeAttribute(null=True)
    enrollment_expires_at = UTCDateTimeAttribute(null=True)
    device_key = UnicodeAttribute(null=True)
    left_key = UnicodeAttribute(null=True)


class ClaimItem(Table):
    """`peers`: a name, DNS label, public key or CIDR held for one peer, `claim#kind#value`; of the deployment, a
    network's name, and its place in the list of all."""

    class Meta(Table.Meta):
        table_name = "peers"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer_id = UnicodeAttribute()


class TombstoneItem(Table):
    """`peers`: what is kept of a deleted peer, `tombstone#id`."""

    class Meta(Table.Meta):
        table_name = "peers"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    device_key = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    deleted_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute()


class AllocationItem(Table):
    """`allocations`: a host index, held (`peer_id`) or in quarantine (`freed_at`)."""

    class Meta(Table.Meta):
        table_name = "allocations"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer_id = UnicodeAttribute(null=True)
    freed_at = UTCDateTimeAttribute(null=True)


class FreedItem(Table):
    """`allocations`: a pointer to a quarantined index, `freed#time#index`, oldest first."""

    class Meta(Table.Meta):
        table_name = "allocations"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    index = NumberAttribute()
    freed_at = UTCDateTimeAttribute()


class ChangeItem(Table):
    """`changes`: one record a revision, with the peers it affected (JSON, see stored). The stream
    takes inserted items of this type only."""

    TYPE = "change"

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute(default=TYPE)
    revision = NumberAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    what = UnicodeAttribute()
    peers = UnicodeAttribute(null=True)
    settings = JSONAttribute(null=True)
    note = UnicodeAttribute(null=True)


class ExpectedItem(Table):
    """`changes`: how many agents a revision concerns, `proof#revision#expected`; their ids, between spaces, when
    they are few. `made_at`: when the change was made."""

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    made_at = UTCDateTimeAttribute()
    agents = NumberAttribute()
    peer_ids = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class ConcernedItem(Table):
    """`changes`: the many agents a revision concerns, `concerned#revision#part`; ids between spaces, deflated."""

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer_ids = BinaryAttribute(legacy_encoding=False)
    expires_at = NumberAttribute()


class TallyItem(Table):
    """`changes`: how many agents are through with a revision, `proof#revision#tally`. Beside these, `ms80`: how
    many of them took 80 ms, and so on."""

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    applied = NumberAttribute(null=True)
    gone = NumberAttribute(null=True)
    expires_at = NumberAttribute()


class PresenceItem(Table):
    """`presence`: an agent's last word, item `agent`. `own_handshakes`: `since`, and `made` by peer; unix seconds.
    `admission`: of the sessions whose frames count, or REVOKED."""

    ITEM = "agent"
    REVOKED = "revoked"  # no hash is this

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True, default=ITEM)
    wanted = NumberAttribute()
    admission = UnicodeAttribute(null=True)
    instance_id = UnicodeAttribute(null=True)
    seq = NumberAttribute(null=True)
    connection_id = UnicodeAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    last_seen = UTCDateTimeAttribute(null=True)
    host = JSONAttribute(null=True)
    own_handshakes = JSONAttribute(null=True)
    applied_revision = NumberAttribute(null=True)
    applied_hash = UnicodeAttribute(null=True)
    applied_at = UTCDateTimeAttribute(null=True)
    applied_after = NumberAttribute(null=True)
    applied_error = UnicodeAttribute(null=True)
    unreachable = UnicodeSetAttribute(null=True)
    accused_since = UTCDateTimeAttribute(null=True)
    fell_at = UTCDateTimeAttribute(null=True)
    is_blocked = BooleanAttribute(null=True)


class SightingItem(Table):
    """`presence`: the latest handshake that jumps of a network saw, and where, item `sighting#network`.

    The network is part of the key: a jump of another network cannot speak of this peer.
    """

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    handshake_at = UTCDateTimeAttribute()
    seen_at = UTCDateTimeAttribute()
    endpoint = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class MarkItem(Table):
    """`presence`: an agent is counted as through with a revision, `counted#revision`."""

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    expires_at = NumberAttribute()


class FactItem(Table):
    """`presence`: something that became true, `fact#time#kind`. The stream takes inserted items of this type only.
    A report's: the revision in force, and the one before."""

    TYPE = "fact"

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute(default=TYPE)
    network_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    revision = NumberAttribute(null=True)
    after = NumberAttribute(null=True)
    expires_at = NumberAttribute()


class SocketItem(Table):
    """`sockets`: a row of an open socket, `holder#connection_id`."""

    AGENTS, BROWSERS = ("d", "k"), ("t", "v")  # bounds around dyn_ and jmp_; around tok_ and usr_

    class Meta(Table.Meta):
        table_name = "sockets"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    connected_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute()


class SessionItem(Table):
    """`sessions`: an agent's session, `session#id`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    network_id = UnicodeAttribute()
    admission = UnicodeAttribute(default="")
    secret = UnicodeAttribute()
    expires_at = NumberAttribute()


class AssertionItem(Table):
    """`sessions`: an assertion that was used, `assertion#id`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    expires_at = NumberAttribute()


class TicketItem(Table):
    """`sessions`: a browser's ticket, `ticket#id`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    networks: ListAttribute[Any] = ListAttribute(null=True)
    secret = UnicodeAttribute()
    socket_expires_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute()
    taken_by = UnicodeAttribute(null=True)


class TokenItem(Table):
    """`accounts`: an API token, kind `token`."""

    KIND = "token"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    role = UnicodeAttribute()
    networks: ListAttribute[Any] = ListAttribute(null=True)
    secret = UnicodeAttribute()
    expires_at = NumberAttribute(null=True)


class RequestItem(Table):
    """`accounts`: a request with an idempotency key, kind `request#principal`; the id is the key's hash."""

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    request = UnicodeAttribute()
    attempt = UnicodeAttribute()
    started_at = UTCDateTimeAttribute()
    made = JSONAttribute()
    is_done = BooleanAttribute()
    expires_at = NumberAttribute()


class UserItem(Table):
    """`accounts`: a person, kind `user`."""

    KIND = "user"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    subject = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    role = UnicodeAttribute(null=True)
    networks: ListAttribute[Any] = ListAttribute(default=list)


class SigningItem(Table):
    """`accounts`: the deployment's signing keys, kind `signing`."""

    KIND, ID = "signing", "keys"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True, default=ID)
    number = NumberAttribute()
    current_seed = BinaryAttribute(legacy_encoding=False)
    current_public = UnicodeAttribute()
    successor_seed = BinaryAttribute(legacy_encoding=False)
    successor_public = UnicodeAttribute()


ITEMS: tuple[tuple[str, tuple[type[Table], ...]], ...] = (
    ("networks", (NetworkItem, AclItem, BlockItem)),
    ("peers", (PeerItem, ClaimItem, TombstoneItem)),
    ("allocations", (AllocationItem, FreedItem)),
    ("changes", (ChangeItem, ExpectedItem, ConcernedItem, TallyItem)),
    ("presence", (PresenceItem, SightingItem, MarkItem, FactItem)),
    ("sockets", (SocketItem,)),
    ("sessions", (SessionItem, AssertionItem, TicketItem)),
    ("accounts", (TokenItem, UserItem, RequestItem, SigningItem)),
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
