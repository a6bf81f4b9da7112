"""Items to values and back. Sort keys are built here and nowhere else."""

import hashlib
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from chalicelib.adapters.dynamodb.models import (
    AclItem,
    AllocationItem,
    BlockItem,
    ChangeItem,
    FactItem,
    NetworkItem,
    PeerItem,
    RequestItem,
    TombstoneItem,
)
from chalicelib.adapters.dynamodb.stored import affected_from, affected_text, peer_from, peer_text
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import ClaimKind
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, Protocol, parse_ports, parse_selector
from chalicelib.domain.network.addresses import Allocation, Reservation, Span
from chalicelib.domain.network.directory import Block, BlockKey, Held
from chalicelib.domain.network.network import Network, SealedSecret
from chalicelib.domain.peer.peer import EnrollmentToken, PeerRecord, Tombstone
from chalicelib.domain.peer.presence import Fact, FactKind


def index_key(index: int) -> str:
    return f"{index:010d}"


def freed_key(freed_at: datetime, index: int) -> str:
    return f"freed#{freed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{index_key(index)}"


def fact_key(fact: Fact) -> str:
    report = "" if fact.revision is None else f"#{revision_key(fact.revision)}"
    return f"fact#{fact.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{fact.kind}{report}"


def sighting_key(network_id: NetworkId) -> str:
    return f"sighting#{network_id}"


def revision_key(revision: Revision) -> str:
    return f"{revision:012d}"


def expected_key(revision: Revision) -> str:
    return f"proof#{revision_key(revision)}#expected"


def tally_key(revision: Revision) -> str:
    return f"proof#{revision_key(revision)}#tally"


def rollout_span(first: Revision, last: Revision) -> tuple[str, str]:
    """The sort keys of all that is counted of the revisions from one to another."""
    return f"proof#{revision_key(first)}#", f"proof#{revision_key(last)}#~"


def concerned_key(revision: Revision, part: int | None) -> str:
    """A part of whom a revision concerns; None: what the keys of all parts begin with."""
    return f"concerned#{revision_key(revision)}#{'' if part is None else part}"


def mark_key(revision: Revision) -> str:
    return f"counted#{revision_key(revision)}"


def claim_key(kind: ClaimKind, value: str) -> str:
    return f"claim#{kind}#{value}"


def acl_key(network_id: NetworkId) -> str:
    return f"acl#{network_id}"


def request_key(principal: PrincipalId, key: str) -> tuple[str, str]:
    """The key is the caller's text, of any characters: hashed, it is one of ours."""
    return f"request#{principal}", hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


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


def request_item(request: Replayable) -> RequestItem:
    return RequestItem(
        *request_key(request.principal, request.key),
        request=request.request,
        attempt=request.attempt,
        started_at=request.started_at,
        made=list(request.made),
        is_done=request.is_done,
        expires_at=epoch(request.expires_at),
    )


def request_value(item: RequestItem, like: Replayable) -> Replayable:
    """The stored attempt under the same key as another."""
    return Replayable(
        like.principal, like.key, item.request, item.attempt, item.started_at, tuple(item.made), item.is_done
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


def record_item(record: PeerRecord) -> PeerItem:
    enrollment = record.enrollment
    return PeerItem(
        record.peer.network_id,
        record.peer.id,
        peer=peer_text(record.peer),
        enrollment_secret=enrollment.secret if enrollment else None,
        enrollment_expires_at=enrollment.expires_at if enrollment else None,
        device_key=record.device_key,
        left_key=enrollment.left_by if enrollment else None,
    )


def record_value(item: PeerItem) -> PeerRecord:
    enrollment = None
    if item.enrollment_secret is not None and item.enrollment_expires_at is not None:
        secret = Secret(item.enrollment_secret)
        enrollment = EnrollmentToken(secret, item.enrollment_expires_at, item.device_key, item.left_key)
    return PeerRecord(peer_from(item.peer), enrollment)


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
        peers=affected_text(change.peers) if change.peers else None,
        settings={name: list(pair) for name, pair in change.settings.items()} or None,
        note=change.note,
    )


def change_value(item: ChangeItem) -> Change:
    return Change(
        NetworkId(item.network_id),
        Revision(int(item.revision)),
        item.at,
        PrincipalId(item.by),
        What(item.what),
        affected_from(item.peers) if item.peers else (),
        {name: (before, after) for name, (before, after) in (item.settings or {}).items()},
        item.note,
    )


def fact_value(item: FactItem) -> Fact:
    revision, after = (None if said is None else Revision(int(said)) for said in (item.revision, item.after))
    return Fact(NetworkId(item.network_id), PeerId(item.peer_id), FactKind(item.kind), item.at, revision, after)
