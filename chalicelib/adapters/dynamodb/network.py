"""Networks, their rules, and the directory."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib.adapters.dynamodb.peer import ClaimItem, claim_key
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import DEPLOYMENT, NetworkId, PeerId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, Protocol, parse_ports, parse_selector
from chalicelib.domain.network.addresses import Reservation, Span
from chalicelib.domain.network.directory import Block, BlockKey, Directory, Held
from chalicelib.domain.network.network import Network, SealedSecret


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


NETWORK = "net_"  # the table's other items begin otherwise


class DynamoNetworks:
    def get(self, network_id: NetworkId) -> Network:
        network = self._find(network_id)
        if network is None or network.is_deleting:
            raise NetworkNotFound(network_id)
        return network

    def deleting(self, network_id: NetworkId) -> Network | None:
        network = self._find(network_id)
        return network if network is not None and network.is_deleting else None

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        found = {item.network_id: item for item in NetworkItem.batch_get(list(network_ids), consistent_read=True)}
        networks = (network_value(found[known]) for known in network_ids if known in found)
        return [network for network in networks if not network.is_deleting]

    def ids(self, after: NetworkId | None, limit: int) -> list[NetworkId]:
        # BETWEEN includes its ends: an id followed by a space sorts right after the id itself
        first = claim_key("network", "" if after is None else f"{after} ")
        between = ClaimItem.item.between(first, claim_key("network", "~"))
        found = ClaimItem.query(DEPLOYMENT, between, consistent_read=True, limit=limit)
        return [NetworkId(item.peer_id) for item in found]

    def directory(self, keys: Collection[BlockKey]) -> Directory:
        found = BlockItem.batch_get([block_key(key) for key in keys], consistent_read=True) if keys else ()
        stored = {block.key: block for block in map(block_value, found)}
        return Directory({key: stored.get(key, Block(key)) for key in keys})

    def acl(self, network_id: NetworkId) -> Acl:
        try:
            return acl_value(AclItem.get(acl_key(network_id), consistent_read=True), network_id)
        except AclItem.DoesNotExist:
            return Acl(network_id, 0, ())

    def _find(self, network_id: NetworkId) -> Network | None:
        if not network_id.startswith(NETWORK):
            return None
        try:
            return network_value(NetworkItem.get(network_id, consistent_read=True))
        except NetworkItem.DoesNotExist:
            return None


def acl_key(network_id: NetworkId) -> str:
    return f"acl#{network_id}"


def network_item(network: Network) -> NetworkItem:
    return NetworkItem(
        network.id,
        name=network.name,
        cidr=str(network.cidr),
        cidr_v6=None if network.cidr_v6 is None else str(network.cidr_v6),
        domain=network.domain,
        dns=list(network.dns),
        revision=network.revision,
        secret=network.secret.sealed,
        next_index=network.next_index,
        gaps=[[gap.first, gap.last] for gap in network.gaps] or None,
        reserved=[[known.span.first, known.span.last, known.note] for known in network.reserved] or None,
        peers=network.peers,
        routers=network.routers,
        preferences=dict(network.preferences) or None,
        down=sorted(network.down) or None,
        epoch=network.epoch,
        acl_version=network.acl_version,
        settings_revision=network.settings_revision,
        is_deleting=network.is_deleting or None,
        created_at=network.created_at,
        updated_at=network.updated_at,
    )


def network_value(item: NetworkItem) -> Network:
    return Network(
        id=NetworkId(item.network_id),
        name=item.name,
        cidr=IPv4Network(item.cidr),
        cidr_v6=None if item.cidr_v6 is None else IPv6Network(item.cidr_v6),
        domain=item.domain,
        dns=tuple(item.dns),
        revision=Revision(int(item.revision)),
        secret=SealedSecret(item.secret),
        next_index=int(item.next_index),
        gaps=tuple(Span(first, last) for first, last in item.gaps or ()),
        reserved=tuple(Reservation(Span(first, last), note) for first, last, note in item.reserved or ()),
        peers=int(item.peers),
        routers=int(item.routers),
        preferences={PeerId(jump_id): count for jump_id, count in (item.preferences or {}).items()},
        down=frozenset(map(PeerId, item.down or ())),
        epoch=int(item.epoch),
        acl_version=int(item.acl_version),
        settings_revision=None if item.settings_revision is None else Revision(int(item.settings_revision)),
        is_deleting=bool(item.is_deleting),
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def acl_item(acl: Acl) -> AclItem:
    rules = [
        [
            str(rule.source),
            str(rule.destination),
            rule.allows,
            None if rule.protocol is None else rule.protocol.value,
            [str(ports) for ports in rule.ports],
        ]
        for rule in acl.rules
    ]
    return AclItem(acl_key(acl.network_id), version=acl.version, rules=rules)


def acl_value(item: AclItem, network_id: NetworkId) -> Acl:
    return Acl(network_id, int(item.version), tuple(_rule(*stored) for stored in item.rules))


def _rule(source: str, destination: str, allows: bool, protocol: str | None, ports: list[str]) -> AclRule:
    known = None if protocol is None else Protocol(protocol)
    return AclRule(
        parse_selector("source", source),
        parse_selector("destination", destination),
        allows,
        known,
        parse_ports("ports", ports, known),
    )


def block_key(key: BlockKey) -> str:
    return f"directory#{key}"


def block_item(block: Block) -> BlockItem:
    held = [[str(one.cidr), one.network_id, *([one.peer_id] if one.peer_id else [])] for one in block.held]
    return BlockItem(block_key(block.key), version=block.version, held=held)


def block_value(item: BlockItem) -> Block:
    _, _, key = item.network_id.partition("#")
    held = tuple(Held(ip_network(cidr), NetworkId(network), *map(PeerId, peer)) for cidr, network, *peer in item.held)
    return Block(BlockKey(key), int(item.version), held)
