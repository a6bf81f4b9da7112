"""Items to values and back. Sort keys are built here and nowhere else."""

from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from chalicelib.adapters.dynamodb.models import (
    AllocationItem,
    ChangeItem,
    DirectoryItem,
    FactItem,
    NetworkItem,
    PeerItem,
    PeerMap,
    TombstoneItem,
)
from chalicelib.domain.change import Change, ClaimKind, What
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.ipam import Allocation
from chalicelib.domain.network import Directory, Entry, Network, Routed
from chalicelib.domain.peer import Enrollment, Kind, Peer, PeerRecord, Tombstone
from chalicelib.domain.presence import Fact, FactKind
from chalicelib.domain.tokens import Secret


def index_key(index: int) -> str:
    return f"{index:010d}"


def freed_key(freed_at: datetime, index: int) -> str:
    return f"freed#{freed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{index_key(index)}"


def fact_key(fact: Fact) -> str:
    return f"fact#{fact.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{fact.kind}"


def revision_key(revision: Revision) -> str:
    return f"{revision:012d}"


def claim_key(kind: ClaimKind, value: str) -> str:
    return f"claim#{kind}#{value}"


def tombstone_key(peer_id: PeerId) -> str:
    return f"tombstone#{peer_id}"


def epoch(at: datetime) -> int:
    return int(at.timestamp())


def network_item(network: Network) -> NetworkItem:
    return NetworkItem(
        network.id,
        name=network.name,
        cidr=str(network.cidr),
        cidr_v6=None if network.cidr_v6 is None else str(network.cidr_v6),
        domain=network.domain,
        dns=list(network.dns),
        revision=network.revision,
        next_index=network.next_index,
        peers=network.peers,
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
        next_index=int(item.next_index),
        peers=int(item.peers),
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def directory_item(directory: Directory) -> DirectoryItem:
    return DirectoryItem(
        version=directory.version,
        networks={known: [entry.name, *map(str, entry.cidrs)] for known, entry in directory.networks.items()},
        routed=[[routed.network_id, routed.peer_id, str(routed.cidr)] for routed in directory.routed],
    )


def directory_value(item: DirectoryItem) -> Directory:
    return Directory(
        version=int(item.version),
        networks={
            NetworkId(known): Entry(name, tuple(map(ip_network, cidrs)))
            for known, (name, *cidrs) in item.networks.items()
        },
        routed=tuple(
            Routed(NetworkId(network_id), PeerId(peer_id), ip_network(cidr))
            for network_id, peer_id, cidr in item.routed
        ),
    )


def peer_map(peer: Peer) -> PeerMap:
    return PeerMap(  # type: ignore[no-untyped-call]
        id=peer.id,
        network_id=peer.network_id,
        name=peer.name,
        kind=peer.kind.value,
        index=peer.index,
        public_key=peer.public_key,
        endpoint=peer.endpoint,
        endpoint_guessed=peer.endpoint_guessed,
        listen_port=peer.listen_port,
        additional_allowed_ips=[str(cidr) for cidr in peer.additional_allowed_ips],
        persistent_keepalive=peer.persistent_keepalive,
        mtu=peer.mtu,
        home_id=peer.home_id,
        created_at=peer.created_at,
        updated_at=peer.updated_at,
        revision=peer.revision,
    )


def peer_value(item: PeerMap) -> Peer:
    return Peer(
        id=PeerId(item.id),
        network_id=NetworkId(item.network_id),
        name=item.name,
        kind=Kind(item.kind),
        index=int(item.index),
        public_key=item.public_key,
        endpoint=item.endpoint,
        endpoint_guessed=item.endpoint_guessed,
        listen_port=_whole(item.listen_port),
        additional_allowed_ips=tuple(ip_network(cidr) for cidr in item.additional_allowed_ips),
        persistent_keepalive=_whole(item.persistent_keepalive),
        mtu=_whole(item.mtu),
        home_id=None if item.home_id is None else PeerId(item.home_id),
        created_at=item.created_at,
        updated_at=item.updated_at,
        revision=Revision(int(item.revision)),
    )


def record_item(record: PeerRecord) -> PeerItem:
    enrollment = record.enrollment
    return PeerItem(
        record.peer.network_id,
        record.peer.id,
        peer=peer_map(record.peer),
        enrollment_secret=enrollment.secret if enrollment else None,
        enrollment_expires_at=enrollment.expires_at if enrollment else None,
        device_key=record.device_key,
    )


def record_value(item: PeerItem) -> PeerRecord:
    enrollment = None
    if item.enrollment_secret is not None and item.enrollment_expires_at is not None:
        enrollment = Enrollment(Secret(item.enrollment_secret), item.enrollment_expires_at, item.device_key)
    return PeerRecord(peer_value(item.peer), enrollment)


def tombstone_value(item: TombstoneItem, peer_id: PeerId) -> Tombstone:
    return Tombstone(
        NetworkId(item.network_id), peer_id, item.device_key, Revision(int(item.revision)), item.deleted_at
    )


def allocation_value(item: AllocationItem) -> Allocation:
    return Allocation(int(item.item), item.freed_at)


def change_item(change: Change) -> ChangeItem:
    return ChangeItem(
        change.network_id,
        revision_key(change.revision),
        revision=change.revision,
        at=change.at,
        by=change.by,
        what=change.what.value,
        before=None if change.before is None else peer_map(change.before),
        after=None if change.after is None else peer_map(change.after),
    )


def change_value(item: ChangeItem) -> Change:
    return Change(
        NetworkId(item.network_id),
        Revision(int(item.revision)),
        item.at,
        PrincipalId(item.by),
        What(item.what),
        None if item.before is None else peer_value(item.before),
        None if item.after is None else peer_value(item.after),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def fact_value(item: FactItem) -> Fact:
    return Fact(NetworkId(item.network_id), PeerId(item.peer_id), FactKind(item.kind), item.at)
