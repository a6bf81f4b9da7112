"""Networks of a given size, as the use cases leave them: filled in bulk, past the use cases."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from chalicelib.adapters.dynamodb.allocation import AllocationItem, index_key
from chalicelib.adapters.dynamodb.peer import ClaimItem, PeerItem, claim_key, record_item
from chalicelib.adapters.dynamodb.presence import PresenceItem
from chalicelib.adapters.dynamodb.sockets import DynamoConnections
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.change.writes import Commit, CreateNetwork, WriteAcl
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, OfCidr, OfTag, Ports, Protocol
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, Peer, PeerRecord
from chalicelib.ports.sockets import Connection

OPERATOR = Principal(PrincipalId("tok_bench"), "bench", Role.ADMINISTRATOR, None)
AT = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = Revision(1)
ENROLLED = EnrollmentToken(Secret("0" * 64), AT, "device")
JUMPS = 2
TAGS = ("servers", "laptops", "printers", "cameras", "staff")
EACH_STATIC, EACH_ISOLATED, EACH_FULL = 3, 10, 20  # every third peer has a file, every tenth is isolated, and so on


@dataclass(frozen=True, slots=True)
class Populated:
    """A network on the store, with everybody's socket open."""

    network_id: NetworkId
    size: int
    jump: PeerId
    regular: PeerId


def populate(outside: Outside, size: int) -> Populated:
    """A dual-stack network of so many enrolled peers: two jumps, agents and files; tags, rules, isolated ones."""
    network = _network(outside, size)
    peers = list(_peers(network))
    outside.transactions.commit(
        Commit(
            Change(network.id, FIRST, AT, OPERATOR.id, What.NETWORK_CREATED),
            (CreateNetwork(network), _rules(network.id)),
        )
    )
    with PeerItem.batch_write() as records:
        for peer in peers:
            records.save(record_item(PeerRecord(peer, ENROLLED if peer.is_run_by_agent else None)))
    with ClaimItem.batch_write() as claims:
        for peer in peers:
            claims.save(ClaimItem(network.id, claim_key("name", peer.name), peer_id=peer.id))
            claims.save(ClaimItem(network.id, claim_key("label", peer.label), peer_id=peer.id))
            claims.save(ClaimItem(network.id, claim_key("key", str(peer.public_key)), peer_id=peer.id))
    with AllocationItem.batch_write() as addresses:
        for peer in peers:
            addresses.save(AllocationItem(network.id, index_key(peer.index), peer_id=peer.id))
    agents = [peer for peer in peers if peer.is_run_by_agent]
    with PresenceItem.batch_write() as presences:
        for peer in agents:
            presences.save(PresenceItem(peer.id, wanted=FIRST, admission=ENROLLED.admission))
    DynamoConnections().add([_socket(peer) for peer in agents])
    regular = next(peer for peer in agents if not peer.is_jump)
    return Populated(network.id, size, peers[0].id, regular.id)


def _network(outside: Outside, size: int) -> Network:
    network_id = NetworkId(f"net_{size:026d}")
    return Network(
        id=network_id,
        name=f"bench-{size}",
        cidr=IPv4Network("10.0.0.0/16"),
        cidr_v6=IPv6Network("fd00:77::/64"),
        domain=f"bench-{size}.internal",
        dns=(),
        revision=FIRST,
        secret=outside.vault.seal_new(network_id),
        next_index=size + 1,
        peers=size,
        preferences={_jump_id(size, number): size // JUMPS for number in range(1, JUMPS + 1)},
        acl_version=1,
        created_at=AT,
        updated_at=AT,
    )


def _peers(network: Network) -> Iterator[Peer]:
    for index in range(1, network.peers + 1):
        kind = Kind.JUMP if index <= JUMPS else Kind.STATIC if index % EACH_STATIC == 0 else Kind.DYNAMIC
        yield _peer(network, kind, index)


def _peer(network: Network, kind: Kind, index: int) -> Peer:
    prefix = {Kind.JUMP: "jmp", Kind.DYNAMIC: "dyn", Kind.STATIC: "sta"}[kind]
    peer_id = PeerId(f"{prefix}_{network.peers:08d}{index:018d}")
    peer = Peer(
        id=peer_id,
        network_id=network.id,
        name=f"peer-{index}",
        kind=kind,
        index=index,
        public_key=base64.b64encode(hashlib.sha256(peer_id.encode()).digest()).decode(),
        keyed_since=FIRST,
        created_at=AT,
        updated_at=AT,
        revision=FIRST,
    )
    if kind is Kind.JUMP:
        return replace(peer, endpoint=f"198.51.100.{index}", listen_port=51820)
    home = _jump_id(network.peers, 1 + index % JUMPS)
    return replace(
        peer,
        preferred_jump_id=home,
        home_id=home if kind is Kind.STATIC else None,
        is_isolated=index % EACH_ISOLATED == 0,
        full_encapsulation=index % EACH_FULL == 1,
        tags=(TAGS[index % len(TAGS)],),
    )


def _jump_id(size: int, number: int) -> PeerId:
    return PeerId(f"jmp_{size:08d}{number:018d}")


def _rules(network_id: NetworkId) -> WriteAcl:
    ssh = AclRule(OfTag("staff"), OfTag("servers"), allows=True, protocol=Protocol.TCP, ports=(Ports(22, 22),))
    kept_out = [AclRule(OfTag(tag), OfTag("servers"), allows=False) for tag in ("printers", "cameras")]
    elsewhere = AclRule(OfTag("cameras"), OfCidr(IPv4Network("192.168.0.0/16")), allows=False)
    return WriteAcl(Acl(network_id, 1, (ssh, *kept_out, elsewhere)))


def _socket(peer: Peer) -> Connection:
    ends = datetime.now(UTC) + timedelta(hours=1)
    return Connection(peer.network_id, peer.id, ConnectionId(f"c-{peer.id}"), AT, ends)
