"""Peers, their claims and tombstones, over every engine."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import Changed, NetworkDifference
from chalicelib.domain.change.writes import (
    AdvanceNetwork,
    Claim,
    Commit,
    DeletePeer,
    PutPeer,
    Release,
)
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import PrincipalId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, PeerRecord, Rotation, Tombstone
from chalicelib.ports.transactions import ConditionFailed
from tests.builders import T0, a_dynamic, a_jump, a_key, a_static
from tests.contracts.stores import advance

EVERYTHING = a_static(
    3,
    name="Ana's phone",
    dns_label="ana-s-phone-1",
    keyed_since=Revision(4),
    staged_key=a_key("staged"),
    staged_since=Revision(5),
    retired_key=a_key("retired"),
    rotation=Rotation.FORCED,
    listen_port=51821,
    published_port=443,
    is_isolated=True,
    full_encapsulation=True,
    behind=("192.168.1.0/24", "fd01::/64"),
    routed_cidrs=(ip_network("192.168.1.0/24"),),
    persistent_keepalive=0,
    mtu=1400,
    dns=("9.9.9.9",),
    preferred_jump_id=a_jump(1).id,
    avoids=frozenset({a_jump(4).id}),
    home_id=a_jump(1).id,
    epoch=2,
    issued={"MTU": "abc"},
    tags=("a", "b"),
    metadata={"rack": "", "é": "7"},
    owner_id=PrincipalId("usr_1"),
    blocked_by=("inc_1", "manual"),
    settings_revision=Revision(2),
)


def test_every_field_of_a_peer_comes_back_also_from_the_change_log(outside: Outside, lab: Network) -> None:
    bare = a_dynamic(2, keyed=False)
    later = lab.advanced(T0)
    made = Change(
        lab.id,
        later.revision,
        T0,
        PrincipalId("tok_1"),
        What.PEER_UPDATED,
        (Affected(bare, EVERYTHING), Affected(None, bare), Affected(bare, None)),
        NetworkDifference(dns=Changed((), ("9.9.9.9",))),
        "why",
    )
    writes = (AdvanceNetwork(later), PutPeer(PeerRecord(EVERYTHING, None)), PutPeer(PeerRecord(bare, None)))
    outside.transactions.commit(Commit(made, writes))

    assert outside.peers.get(lab.id, EVERYTHING.id).peer == EVERYTHING
    assert outside.peers.get(lab.id, bare.id).peer == bare
    assert outside.changes.between(lab.id, lab.revision, later.revision) == [made]


def test_peers_come_back_as_they_were(outside: Outside, lab: Network) -> None:
    enrollment = EnrollmentToken(Secret("hash"), T0 + timedelta(days=1), "device")
    records = [
        PeerRecord(a_jump(1), enrollment),
        PeerRecord(
            a_dynamic(2, keyed=False, behind=("192.168.1.0/24",), mtu=1400), replace(enrollment, device_key=None)
        ),
        PeerRecord(a_static(3, home_id=a_jump(1).id, persistent_keepalive=0), None),
        PeerRecord(a_dynamic(4, keyed=False), enrollment.given_up("device")),
    ]
    for record in records:
        lab = advance(outside, lab, PutPeer(record))

    assert [outside.peers.get(lab.id, record.peer.id) for record in records] == records
    by_id = sorted((record.peer for record in records), key=lambda peer: peer.id)
    assert outside.peers.all(lab.id) == by_id
    assert outside.peers.jumps(lab.id) == [a_jump(1)]
    assert sorted(peer.id for peer in outside.peers.many(lab.id, [peer.id for peer in by_id])) == [
        peer.id for peer in by_id
    ]
    assert outside.peers.many(lab.id, []) == []
    some = outside.peers.records_of(lab.id, [records[0].peer.id, records[-1].peer.id, a_dynamic(99).id])
    assert sorted(some, key=lambda record: record.peer.id) == sorted(
        [records[0], records[-1]], key=lambda record: record.peer.id
    )
    assert outside.peers.records_of(lab.id, []) == []


def test_peers_are_listed_by_kind(outside: Outside, lab: Network) -> None:
    peers = [a_jump(1), a_dynamic(2), a_static(3), a_static(4), a_jump(5)]
    lab = advance(outside, lab, *(PutPeer(PeerRecord(peer, None)) for peer in peers))

    assert outside.peers.page(lab.id, None, 9, Kind.STATIC) == [a_static(3), a_static(4)]
    assert outside.peers.page(lab.id, a_static(3).id, 9, Kind.STATIC) == [a_static(4)]
    assert outside.peers.page(lab.id, a_jump(1).id, 1, Kind.DYNAMIC) == []
    assert outside.peers.statics(lab.id, 1) == [a_static(3)]
    assert [record.peer.id for record in outside.peers.records(lab.id, 2)] == [a_dynamic(2).id, a_jump(1).id]


def test_pages_hold_every_peer_once(outside: Outside, lab: Network) -> None:
    for number in range(1, 6):
        lab = advance(
            outside,
            lab,
            PutPeer(PeerRecord(a_static(number), None)),
            Claim(lab.id, "label", f"l{number}", a_static(number).id),
        )

    first = outside.peers.page(lab.id, None, 3)
    rest = outside.peers.page(lab.id, first[-1].id, 3)

    assert [peer.index for peer in (*first, *rest)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("peer_id", ["dyn_none", "claim#label#web", "tombstone#dyn_0002"])
def test_what_is_no_peer_is_not_found(outside: Outside, lab: Network, peer_id: str) -> None:
    advance(outside, lab, Claim(lab.id, "label", "web", a_dynamic().id))

    with pytest.raises(PeerNotFound):
        outside.peers.get(lab.id, peer_id)  # type: ignore[arg-type]


def test_a_buried_peer_leaves_a_tombstone(outside: Outside, lab: Network) -> None:
    peer = a_dynamic()
    lab = advance(outside, lab, PutPeer(PeerRecord(peer, None)))
    stone = Tombstone(lab.id, peer.id, "device", Revision(3), T0)

    advance(outside, lab, DeletePeer(stone))

    assert outside.peers.all(lab.id) == []
    assert outside.peers.tombstone(lab.id, peer.id) == stone
    assert outside.peers.tombstone(lab.id, a_jump().id) is None


@pytest.mark.parametrize("kind", ["name", "label", "key", "route"])
def test_a_claim_is_held_by_one_peer_until_released(outside: Outside, lab: Network, kind: str) -> None:
    mine = Claim(lab.id, kind, "x/24", a_dynamic(2).id)  # type: ignore[arg-type]
    theirs = replace(mine, peer_id=a_dynamic(3).id)
    lab = advance(outside, lab, mine)
    lab = advance(outside, lab, mine)

    with pytest.raises(ConditionFailed) as refused:
        advance(outside, lab, theirs)
    assert refused.value.write == theirs
    assert outside.networks.get(lab.id).revision == lab.revision

    lab = advance(outside, lab, Release(lab.id, mine.kind, mine.value))
    advance(outside, lab, theirs)


def test_whose_key_is_known_stands_in_the_claims(outside: Outside, lab: Network) -> None:
    keys = [Claim(lab.id, "key", a_key(n), a_dynamic(2 + n // 2).id) for n in range(4)]
    lab = advance(outside, lab, *keys, Claim(lab.id, "label", "other", a_dynamic(9).id))
    assert outside.peers.keyed(lab.id) == {a_dynamic(2).id, a_dynamic(3).id}

    advance(outside, lab, *(Release(lab.id, "key", claim.value) for claim in keys[2:]))

    assert outside.peers.keyed(lab.id) == {a_dynamic(2).id}


def test_routers_are_found_by_their_routes(outside: Outside, lab: Network) -> None:
    routes = [Claim(lab.id, "route", f"192.168.{n}.0/24", a_dynamic(2 + n // 2).id) for n in range(4)]
    lab = advance(outside, lab, *routes, Claim(lab.id, "label", "other", a_dynamic(9).id))

    routers = [a_dynamic(number, behind=("192.168.0.0/24",)) for number in (2, 3)]
    advance(outside, lab, *(PutPeer(PeerRecord(peer, None)) for peer in (*routers, a_dynamic(9))))

    assert sorted(outside.peers.routers(lab.id), key=lambda peer: peer.id) == routers
