"""What the ports promise, over every engine."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.bundle.signing import SigningKey, SigningKeys
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.rollout import FEW, Expected, Mark, Rollout
from chalicelib.domain.change.writes import (
    AdmitAgent,
    AdvanceNetwork,
    Claim,
    Commit,
    CreateNetwork,
    DeletePeer,
    ForgetAgent,
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
    entries_of,
)
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Agent, Principal, Role, Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import DEPLOYMENT, EVERY_NETWORK, ConnectionId, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, Anything, OfCidr, OfPeer, OfTag, Ports, Protocol
from chalicelib.domain.network.addresses import Allocation, Reservation, Span
from chalicelib.domain.network.directory import Block, Directory, blocks_of
from chalicelib.domain.network.network import Network, SealedSecret
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.peer import EnrollmentToken, Host, Kind, Peer, PeerRecord, Rotation, Tombstone
from chalicelib.domain.peer.presence import Applied, Fact, FactKind, OwnHandshakes, Presence
from chalicelib.ports.accounts import ApiToken
from chalicelib.ports.identity import Assertion
from chalicelib.ports.peer import Holding
from chalicelib.ports.presence import PeerObservation, Progress
from chalicelib.ports.sessions import AgentSession, Ticket
from chalicelib.ports.sockets import Connection
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import T0, a_dynamic, a_jump, a_key, a_network, a_static, said_by

LAB = a_network("10.0.0.0/24", "fd00::/64", dns=("10.0.0.53",))
HOST = Host("web-1", "linux", "0.1.0")


def change(network: Network, before: Peer | None = None, after: Peer | None = None) -> Change:
    affected = () if before is after is None else (Affected(before, after),)
    return Change(network.id, network.revision, T0, PrincipalId("tok_1"), What.PEER_CREATED, affected)


def commit(outside: Outside, network: Network, *writes: Write) -> None:
    outside.transactions.commit(Commit(change(network), writes))


@pytest.fixture
def lab(outside: Outside) -> Network:
    commit(outside, LAB, CreateNetwork(LAB))
    return LAB


def advance(outside: Outside, network: Network, *writes: Write) -> Network:
    """Commit writes as the network's next revision."""
    later = network.advanced(T0)
    commit(outside, later, AdvanceNetwork(later), *writes)
    return later


def test_a_network_comes_back_as_it_was(outside: Outside, lab: Network) -> None:
    assert outside.networks.get(lab.id) == LAB
    assert outside.networks.many([lab.id, "net_none"]) == [LAB]  # type: ignore[list-item]


FULL = replace(
    LAB,
    id=NetworkId("net_full"),
    secret=SealedSecret(b"\x00\xffsealed"),
    next_index=7,
    gaps=(Span(2, 3),),
    reserved=(Reservation(Span(4, 5), "printers"), Reservation(Span(9, 9))),
    peers=3,
    routers=1,
    preferences={a_jump(1).id: 2, a_jump(4).id: 0},
    down=frozenset({a_jump(4).id}),
    epoch=3,
    acl_version=2,
    settings_revision=Revision(2),
)
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


def test_every_field_of_a_network_comes_back(outside: Outside) -> None:
    commit(outside, FULL, CreateNetwork(FULL))

    assert outside.networks.get(FULL.id) == FULL


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
        {"dns": ("", "9.9.9.9")},
        "why",
    )
    writes = (AdvanceNetwork(later), PutPeer(PeerRecord(EVERYTHING, None)), PutPeer(PeerRecord(bare, None)))
    outside.transactions.commit(Commit(made, writes))

    assert outside.peers.get(lab.id, EVERYTHING.id).peer == EVERYTHING
    assert outside.peers.get(lab.id, bare.id).peer == bare
    assert outside.changes.between(lab.id, lab.revision, later.revision) == [made]


def test_a_network_that_is_being_deleted_is_gone_but_for_its_removal(outside: Outside, lab: Network) -> None:
    assert outside.networks.deleting(lab.id) is None
    deleting = replace(lab.advanced(T0), is_deleting=True)
    commit(outside, deleting, AdvanceNetwork(deleting))

    with pytest.raises(NetworkNotFound):
        outside.networks.get(lab.id)
    assert outside.networks.many([lab.id]) == []
    assert outside.networks.deleting(lab.id) == deleting


def test_the_change_log_is_read_between_revisions_and_newest_first(outside: Outside, lab: Network) -> None:
    for _ in range(4):
        lab = advance(outside, lab)

    def revisions(found: list[Change]) -> list[int]:
        return [one.revision for one in found]

    assert revisions(outside.changes.between(lab.id, Revision(2), Revision(4))) == [3, 4]
    assert revisions(outside.changes.between(lab.id, Revision(5), Revision(9))) == []
    assert revisions(outside.changes.page(lab.id, None, 3)) == [5, 4, 3]
    assert revisions(outside.changes.page(lab.id, Revision(3), 3)) == [2, 1]


def test_rules_come_back_as_they_were_and_go(outside: Outside, lab: Network) -> None:
    rules = (
        AclRule(Anything(), OfTag("web"), True, Protocol.TCP, (Ports(22, 22), Ports(80, 90))),
        AclRule(OfCidr(ip_network("fd00::/64")), OfPeer(a_dynamic().id), False),
    )
    assert outside.networks.acl(lab.id) == Acl(lab.id, 0, ())
    lab = advance(outside, lab, WriteAcl(Acl(lab.id, 1, rules)))
    assert outside.networks.acl(lab.id) == Acl(lab.id, 1, rules)

    advance(outside, lab, RemoveAcl(lab.id))
    assert outside.networks.acl(lab.id).version == 0


ONCE = Replayable(PrincipalId("tok_1"), "key \N{SNOWMAN} #", "hash", "req_1", T0)


def test_an_attempt_stands_until_it_is_taken_over_or_forgotten(outside: Outside) -> None:
    second = replace(ONCE, attempt="req_2")
    assert outside.requests.begin(ONCE) is None
    assert outside.requests.begin(ONCE) is None
    assert outside.requests.begin(second) == ONCE
    assert outside.requests.begin(replace(ONCE, principal=PrincipalId("tok_2"))) is None

    assert outside.requests.take_over(ONCE, second) is True
    assert outside.requests.take_over(ONCE, second) is True
    assert outside.requests.take_over(ONCE, replace(ONCE, attempt="req_3")) is False
    outside.requests.forget(ONCE)
    assert outside.requests.begin(ONCE) == second
    outside.requests.forget(second)
    assert outside.requests.begin(ONCE) is None


def test_a_request_is_settled_with_its_work_and_once(outside: Outside, lab: Network) -> None:
    done = replace(ONCE, made=("dyn_1",), is_done=True)
    with pytest.raises(ConditionFailed):
        advance(outside, lab, SettleRequest(done))
    assert outside.networks.get(lab.id).revision == lab.revision
    outside.requests.begin(ONCE)

    lab = advance(outside, lab, SettleRequest(done))

    assert outside.requests.begin(replace(ONCE, attempt="req_2")) == done
    outside.requests.forget(done)
    with pytest.raises(ConditionFailed) as refused:
        advance(outside, lab, SettleRequest(done))
    assert isinstance(refused.value.write, SettleRequest)


def test_peers_are_listed_by_kind(outside: Outside, lab: Network) -> None:
    peers = [a_jump(1), a_dynamic(2), a_static(3), a_static(4), a_jump(5)]
    lab = advance(outside, lab, *(PutPeer(PeerRecord(peer, None)) for peer in peers))

    assert outside.peers.page(lab.id, None, 9, Kind.STATIC) == [a_static(3), a_static(4)]
    assert outside.peers.page(lab.id, a_static(3).id, 9, Kind.STATIC) == [a_static(4)]
    assert outside.peers.page(lab.id, a_jump(1).id, 1, Kind.DYNAMIC) == []
    assert outside.peers.statics(lab.id, 1) == [a_static(3)]
    assert [record.peer.id for record in outside.peers.records(lab.id, 2)] == [a_dynamic(2).id, a_jump(1).id]


@pytest.mark.parametrize("network_id", ["net_none", "directory"])
def test_an_unknown_network_is_not_found(outside: Outside, network_id: str) -> None:
    with pytest.raises(NetworkNotFound):
        outside.networks.get(network_id)  # type: ignore[arg-type]


def test_a_network_is_created_once(outside: Outside, lab: Network) -> None:
    with pytest.raises(ConditionFailed):
        commit(outside, replace(lab, revision=Revision(2)), CreateNetwork(lab))


def test_a_block_begins_empty_and_is_written_in_order(outside: Outside, lab: Network) -> None:
    lan = ip_network("192.168.1.0/24")
    keys = blocks_of((*lab.cidrs, lan))
    empty = outside.networks.directory(keys)
    assert empty == Directory({key: Block(key) for key in keys})
    full = empty.with_network(lab).with_routed(lab.id, a_dynamic().id, (lan,))

    lab = advance(outside, lab, *map(WriteBlock, full.changed()))

    stored = outside.networks.directory(keys)
    assert sorted(stored.ranges(), key=str) == sorted(full.ranges(), key=str)
    assert {block.version for block in stored.blocks.values()} == {1}
    with pytest.raises(CommitConflict):
        advance(outside, lab, WriteBlock(full.changed()[0]))
    again = stored.without_routed(a_dynamic().id).changed()
    advance(outside, lab, *map(WriteBlock, again))
    assert [block.held for block in again] == [outside.networks.directory({again[0].key}).blocks[again[0].key].held]


def test_no_blocks_are_no_request(outside: Outside) -> None:
    assert outside.networks.directory(()) == Directory({})


def test_networks_are_listed_in_the_order_of_their_ids(outside: Outside, lab: Network) -> None:
    ids = [NetworkId(f"net_{n}") for n in range(3)]
    networks = [a_network(f"10.{n}.0.0/24", name=f"z{9 - n}", id=known) for n, known in enumerate(ids)]
    for network in networks:
        lab = advance(outside, lab, *entries_of(network))

    assert outside.networks.ids(None, 2) == ids[:2]
    assert outside.networks.ids(ids[1], 9) == ids[2:]
    with pytest.raises(ConditionFailed) as refused:
        advance(outside, lab, *entries_of(replace(networks[0], id=NetworkId("net_9"))))
    assert refused.value.write == Claim(DEPLOYMENT, "network_name", "z9", NetworkId("net_9"))


def test_of_two_changes_on_one_revision_the_second_moves(outside: Outside, lab: Network) -> None:
    advance(outside, lab)

    with pytest.raises(CommitConflict):
        advance(outside, lab, Claim(lab.id, "label", "web", a_dynamic().id))
    assert outside.networks.get(lab.id).revision == 2
    advance(outside, outside.networks.get(lab.id), Claim(lab.id, "label", "web", a_jump().id))


def test_a_removed_network_is_gone(outside: Outside, lab: Network) -> None:
    gone = lab.advanced(T0)
    commit(outside, gone, RemoveNetwork(lab))

    with pytest.raises(NetworkNotFound):
        outside.networks.get(lab.id)


def test_a_network_that_moved_is_not_removed(outside: Outside, lab: Network) -> None:
    later = advance(outside, lab)

    with pytest.raises(CommitConflict):
        commit(outside, later.advanced(T0), RemoveNetwork(lab))


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


def test_an_address_is_taken_once(outside: Outside, lab: Network) -> None:
    take = TakeAddress(lab.id, a_dynamic().id, Allocation(7))
    lab = advance(outside, lab, take)

    with pytest.raises(ConditionFailed) as refused:
        advance(outside, lab, replace(take, peer_id=a_jump().id))
    assert refused.value.write == replace(take, peer_id=a_jump().id)
    assert list(outside.allocations.taken(lab.id, Span(1, 20))) == [Holding(Allocation(7), a_dynamic().id)]
    assert list(outside.allocations.taken(lab.id, Span(8, 20))) == list(outside.allocations.taken(lab.id, Span(1, 6)))
    assert outside.allocations.get(lab.id, 7) == Allocation(7)
    assert outside.allocations.get(lab.id, 8) is None


def test_a_freed_address_is_quarantined_and_taken_again_only_as_it_was_freed(outside: Outside, lab: Network) -> None:
    for index in (7, 8):
        lab = advance(outside, lab, TakeAddress(lab.id, a_dynamic().id, Allocation(index)))
    lab = advance(outside, lab, FreeAddress(lab.id, 8, T0))
    lab = advance(outside, lab, FreeAddress(lab.id, 7, T0 + timedelta(microseconds=1)))

    later = T0 + timedelta(microseconds=1)
    assert [held.peer_id for held in outside.allocations.taken(lab.id, Span(1, 20))] == [None, None]
    assert list(outside.allocations.freed(lab.id)) == [Allocation(8, T0), Allocation(7, later)]
    assert list(outside.allocations.freed(lab.id, since=later)) == [Allocation(7, later)]
    with pytest.raises(ConditionFailed):
        advance(outside, lab, TakeAddress(lab.id, a_jump().id, Allocation(8)))
    with pytest.raises(ConditionFailed):
        advance(outside, lab, TakeAddress(lab.id, a_jump().id, Allocation(8, T0 + timedelta(days=1))))

    advance(outside, lab, TakeAddress(lab.id, a_jump().id, Allocation(8, T0)))
    assert list(outside.allocations.freed(lab.id)) == [Allocation(7, later)]


def test_the_highest_index_is_one_that_a_peer_holds(outside: Outside, lab: Network) -> None:
    assert outside.allocations.highest_held(lab.id) == 0
    for index in (7, 90):
        lab = advance(outside, lab, TakeAddress(lab.id, a_dynamic().id, Allocation(index)))
    advance(outside, lab, FreeAddress(lab.id, 90, T0))

    assert outside.allocations.highest_held(lab.id) == 7


def test_presence_follows_the_newest_socket(outside: Outside, lab: Network) -> None:
    agent, later = a_dynamic().id, T0 + timedelta(seconds=5)
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    assert outside.presence.note_connected(said_by(agent), ConnectionId("old"), "i", T0) == Progress(
        Revision(5), Revision(0)
    )
    outside.presence.note_connected(said_by(agent), ConnectionId("new"), "i", T0)
    assert outside.presence.note_disconnected(agent, ConnectionId("old"), T0) is False
    assert outside.presence.note_applied(said_by(agent), Revision(5), "hash", later) == 0
    assert outside.presence.note_applied(said_by(agent), Revision(5), "hash", later) == 0
    assert outside.presence.note_heartbeat(said_by(agent), "i", 2, None, later) == Progress(Revision(5), Revision(5))
    assert outside.presence.note_failure(said_by(agent), "no such device", later)

    applied = Applied(Revision(5), "hash", later, "no such device")
    known = Presence(Revision(5), True, later, HOST, "i", applied)
    assert outside.presence.observations(lab.id, [agent]) == {agent: PeerObservation(known)}
    assert outside.presence.note_disconnected(agent, ConnectionId("new"), T0) is True
    assert outside.presence.note_disconnected(agent, ConnectionId("new"), T0) is True
    assert outside.presence.observations(lab.id, [agent]) == {
        agent: PeerObservation(replace(known, is_connected=False))
    }


def test_an_accusation_stands_until_the_jump_is_heard(outside: Outside, lab: Network) -> None:
    jump, later = a_jump().id, T0 + timedelta(seconds=5)
    advance(outside, lab, AdmitAgent(jump, Revision(5), HOST))
    outside.presence.note_connected(said_by(jump), ConnectionId("c"), "i", T0)

    assert outside.presence.accuse(jump, T0) == AgentLiveness(ConnectionId("c"), T0, T0)
    assert outside.presence.accuse(jump, later) == AgentLiveness(ConnectionId("c"), T0, T0)
    outside.presence.note_sign_of_life(said_by(jump), later)
    assert outside.presence.liveness(jump) == AgentLiveness(ConnectionId("c"), later)
    outside.presence.accuse(jump, later)
    outside.presence.note_heartbeat(said_by(jump), "i", 2, None, later)
    assert outside.presence.liveness(jump) == AgentLiveness(ConnectionId("c"), later)
    outside.presence.accuse(jump, later)
    outside.presence.note_connected(said_by(jump), ConnectionId("d"), "i", later)
    outside.presence.note_down(jump, later)
    assert outside.presence.liveness(jump) == AgentLiveness(ConnectionId("d"), later, None, later)


def test_what_an_agent_finds_dead_is_kept_as_it_said_last(outside: Outside, lab: Network) -> None:
    agent, jump = a_dynamic().id, a_jump().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0, unreachable=[jump])
    assert outside.presence.liveness(agent) == AgentLiveness(None, T0, unreachable=frozenset({jump}))
    outside.presence.note_heartbeat(said_by(agent), "i", 2, None, T0)
    assert outside.presence.liveness(agent) == AgentLiveness(None, T0)


def test_nothing_is_known_of_the_life_of_who_is_gone(outside: Outside, lab: Network) -> None:
    nobody = a_jump().id

    outside.presence.note_sign_of_life(said_by(nobody), T0)
    outside.presence.note_down(nobody, T0)
    assert outside.presence.accuse(nobody, T0) is None
    assert outside.presence.liveness(nobody) is None
    assert outside.presence.applied_revision(nobody) == 0


def test_what_runs_is_the_revision_reported_last(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    assert outside.presence.applied_revision(agent) == 0
    outside.presence.note_applied(said_by(agent), Revision(7), "hash", T0)
    assert outside.presence.applied_revision(agent) == 7


def test_a_report_of_an_older_bundle_is_history(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    assert outside.presence.note_failure(said_by(agent), "no such device", T0)
    assert outside.presence.note_applied(said_by(agent), Revision(7), "seven", T0) == 0
    assert outside.presence.note_applied(said_by(agent), Revision(6), "six", T0) is None
    assert outside.presence.note_applied(said_by(agent), Revision(7), "seven again", T0 + timedelta(seconds=1)) == 7
    assert outside.presence.note_applied(said_by(a_jump().id), Revision(7), "nobody", T0) is None
    assert outside.presence.note_failure(said_by(a_jump().id), "nobody", T0) is False
    seen = outside.presence.observations(lab.id, [agent])[agent].presence
    assert seen is not None
    assert seen.applied == Applied(Revision(7), "seven again", T0 + timedelta(seconds=1), None)


def test_who_has_to_apply_a_revision_stays_by_revision(outside: Outside, lab: Network) -> None:
    store, (one, other) = outside.rollouts, (a_dynamic(2).id, a_dynamic(3).id)
    store.expect(lab.id, {Revision(revision): Expected(frozenset({one, other}), T0) for revision in range(9, 40)}, T0)
    store.expect(lab.id, {Revision(10): Expected(frozenset({one}), T0)}, T0)

    nine, ten = Rollout(T0, 2, few=frozenset({one, other})), Rollout(T0, 1, few=frozenset({one}))
    assert store.rollouts(lab.id, Revision(8), Revision(10)) == {9: nine, 10: ten}
    assert store.rollouts(a_network(name="other").id, Revision(1), Revision(99)) == {}
    assert len(outside.changes.between(lab.id, Revision(0))) == len(outside.changes.page(lab.id, None, 99)) > 0


@pytest.mark.parametrize("agents", [FEW, FEW + 1, 10_001])
def test_of_many_agents_a_revision_concerns_the_ids_are_asked_for_by_themselves(
    outside: Outside, lab: Network, agents: int
) -> None:
    who = frozenset(PeerId(f"dyn_{number:08d}") for number in range(agents))
    outside.rollouts.expect(lab.id, {Revision(9): Expected(who, T0), Revision(10): Expected(who, T0)}, T0)

    rollout = outside.rollouts.rollouts(lab.id, Revision(9), Revision(9))[Revision(9)]

    assert rollout == Rollout(T0, agents, few=who if agents <= FEW else None)
    assert outside.rollouts.concerned(lab.id, Revision(9)) == (frozenset() if agents <= FEW else who)


def test_agents_that_are_through_with_a_revision_count_once_each(outside: Outside, lab: Network) -> None:
    store = outside.rollouts
    who = [PeerId(f"dyn_{number:08d}") for number in range(150)]
    store.expect(lab.id, {Revision(revision): Expected(frozenset(who), T0) for revision in (9, 10)}, T0)
    marks = [Mark(known, Revision(9), timedelta(milliseconds=80)) for known in who]
    late = [Mark(known, Revision(10), timedelta(milliseconds=1234)) for known in who[:3]]

    store.count(lab.id, [*marks[:100], *late[:2]], T0)
    store.count(lab.id, [*marks[90:149], *late], T0)
    store.count(lab.id, [Mark(who[149], Revision(9), None), *marks, marks[0]], T0)

    rollouts = store.rollouts(lab.id, Revision(9), Revision(10))
    assert rollouts == {9: Rollout(T0, 150, 149, 1, {80: 149}), 10: Rollout(T0, 150, 3, 0, {1200: 3})}
    assert outside.presence.observations(lab.id, who) == {}


def test_signing_keys_follow_one_another(outside: Outside) -> None:
    store = outside.signing_keys
    first, second = (
        SigningKeys(number, *(SigningKey(SealedSecret(f"{number}{n}".encode()), f"{number}{n}") for n in "ab"))
        for number in (1, 2)
    )

    assert store.get() is None
    others = replace(first, successor=second.successor)
    assert [store.put(second), store.put(first), store.put(first), store.put(others)] == [False, True, True, False]
    assert store.get() == first
    assert [store.put(second), store.put(second), store.put(first)] == [True, True, False]
    assert store.get() == second


def test_what_an_agent_hears_says_whether_it_is_blocked(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id

    def is_blocked() -> bool | None:
        progress = outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0)
        return None if progress is None else progress.is_blocked

    lab = advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))
    assert is_blocked() is False
    lab = advance(outside, lab, MarkAgent(agent, is_blocked=True))
    assert is_blocked() is True
    assert outside.presence.wanted(agent) == 5
    lab = advance(outside, lab, MarkAgent(agent, is_blocked=False))
    assert is_blocked() is False
    lab = advance(outside, lab, AdmitAgent(agent, Revision(7), HOST, is_blocked=True))
    assert is_blocked() is True
    advance(outside, lab, ForgetAgent(agent))
    assert is_blocked() is None


def test_a_mark_that_finds_no_presence_leaves_one_that_can_be_read(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id

    advance(outside, lab, MarkAgent(agent, is_blocked=True))

    assert outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0) == Progress(
        Revision(0), Revision(0), is_blocked=True
    )


def test_what_an_agent_says_of_its_own_handshakes_stays_until_it_says_more(outside: Outside, lab: Network) -> None:
    agent, jump = a_dynamic().id, a_jump().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))
    first = OwnHandshakes(T0, {jump: (T0, T0 + timedelta(seconds=120))})
    later = OwnHandshakes(T0 + timedelta(seconds=60), {})

    def known() -> OwnHandshakes | None:
        presence = outside.presence.observations(lab.id, [agent])[agent].presence
        return None if presence is None else presence.own_handshakes

    assert known() is None
    outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0, first)
    outside.presence.note_heartbeat(said_by(agent), "i", 2, None, T0)
    assert known() == first
    outside.presence.note_heartbeat(said_by(agent), "i", 3, None, T0, later)
    assert known() == later


def test_a_fact_recorded_twice_is_one(outside: Outside, lab: Network) -> None:
    fact = Fact(lab.id, a_static().id, FactKind.HANDSHAKE, T0)

    outside.presence.insert_facts(fact)
    outside.presence.insert_facts(fact, replace(fact, kind=FactKind.CONNECTED))
    outside.presence.insert_facts()

    assert outside.presence.observations(lab.id, [fact.peer_id]) == {}


def test_sockets_are_found_by_network_and_by_peer(outside: Outside, lab: Network) -> None:
    hub, web = a_jump().id, a_dynamic().id
    rows = [
        Connection(lab.id, peer, ConnectionId(name), T0, T0 + timedelta(hours=1))
        for peer, name in ((hub, "a="), (web, "b="), (web, "c="))
    ]
    for row in rows:
        outside.connections.add([row])

    assert sorted(outside.connections.of_agents(lab.id), key=lambda row: row.connection_id) == rows
    assert sorted(outside.connections.of_agent(lab.id, web), key=lambda row: row.connection_id) == rows[1:]
    assert outside.connections.of_browsers(lab.id) == []
    outside.connections.remove(rows[1])
    outside.connections.remove(replace(rows[1], connection_id=ConnectionId("never")))
    assert outside.connections.of_agent(lab.id, web) == rows[2:]


def test_a_browser_is_found_in_every_network_it_sees(outside: Outside, lab: Network) -> None:
    others = [NetworkId(f"net_{n}") for n in range(30)]  # more than one batch of writes
    person, script = PrincipalId("usr_1"), PrincipalId("tok_1")
    rows = [Connection(seen, person, ConnectionId("a="), T0, T0 + timedelta(hours=1)) for seen in (lab.id, *others)]
    everywhere = Connection(EVERY_NETWORK, script, ConnectionId("b="), T0, T0 + timedelta(hours=1))
    agent = Connection(lab.id, a_dynamic().id, ConnectionId("c="), T0, T0 + timedelta(hours=1))

    outside.connections.add(rows)
    outside.connections.add([everywhere])
    outside.connections.add([agent])
    outside.connections.add([])

    assert outside.connections.of_browsers(lab.id) == rows[:1]
    assert outside.connections.of_browsers(others[-1]) == rows[-1:]
    assert outside.connections.of_browsers(EVERY_NETWORK) == [everywhere]
    assert outside.connections.of_agents(lab.id) == [agent]
    outside.connections.remove(rows[0])
    assert outside.connections.of_browsers(lab.id) == []
    assert outside.connections.of_browsers(others[0]) == rows[1:2]


@pytest.mark.parametrize("networks", [None, frozenset(), frozenset({LAB.id})])
def test_a_ticket_is_taken_once(outside: Outside, networks: frozenset[NetworkId] | None) -> None:
    ticket = Ticket(Viewer(PrincipalId("usr_1"), networks), Secret("hash"), T0, T0 + timedelta(hours=1))
    outside.sessions.put_ticket("tkt_1", ticket)

    assert outside.sessions.take_ticket(PrincipalId("usr_2"), "tkt_1") is None
    assert outside.sessions.take_ticket(PrincipalId("usr_1"), "tkt_1") == ticket
    assert outside.sessions.take_ticket(PrincipalId("usr_1"), "tkt_1") is None


def test_an_assertion_opens_one_session(outside: Outside, lab: Network) -> None:
    advance(outside, lab, PutPeer(run_by("device")))
    session = AgentSession(Agent(lab.id, a_dynamic().id, "admission"), Secret("hash"), T0 + timedelta(hours=1))
    once = Assertion("jti", T0)

    assert outside.sessions.open("ses_1", session, once, "device") is True
    assert outside.sessions.open("ses_2", session, once, "device") is False
    assert outside.sessions.get(a_dynamic().id, "ses_1") == session
    assert outside.sessions.get(a_dynamic().id, "ses_2") is None

    outside.sessions.end_all(a_dynamic().id)
    assert outside.sessions.get(a_dynamic().id, "ses_1") is None
    assert outside.sessions.open("ses_3", session, once, "device") is False


@pytest.mark.parametrize("device_key", [None, "another", "no peer"])
def test_no_session_opens_for_a_device_key_that_is_no_longer_the_peers(
    outside: Outside, lab: Network, device_key: str | None
) -> None:
    if device_key != "no peer":
        advance(outside, lab, PutPeer(run_by(device_key)))
    session = AgentSession(said_by(a_dynamic().id), Secret("hash"), T0 + timedelta(hours=1))

    with pytest.raises(CommitConflict):
        outside.sessions.open("ses_1", session, Assertion("jti", T0), "device")
    assert outside.sessions.get(a_dynamic().id, "ses_1") is None

    advance(outside, outside.networks.get(lab.id), PutPeer(run_by("device")))
    assert (
        outside.sessions.open("ses_1", session, Assertion("jti", T0), "device") is True
    )  # the assertion was not burnt


def run_by(device_key: str | None) -> PeerRecord:
    return PeerRecord(a_dynamic(), EnrollmentToken(Secret("hash"), T0, device_key))


def test_what_an_agent_says_counts_only_by_the_admission_of_its_peer(outside: Outside, lab: Network) -> None:
    peer_id, later = a_dynamic().id, T0 + timedelta(seconds=5)
    mine, former = Agent(lab.id, peer_id, "mine"), Agent(lab.id, peer_id, "former")
    lab = advance(outside, lab, AdmitAgent(peer_id, Revision(5), HOST, "mine"))
    outside.presence.note_connected(mine, ConnectionId("c"), "i", T0)
    before = outside.presence.observations(lab.id, [peer_id])

    def is_taken(agent: Agent) -> list[bool]:
        outside.presence.note_sign_of_life(agent, later)
        return [
            outside.presence.note_connected(agent, ConnectionId("d"), "i", later) is not None,
            outside.presence.note_heartbeat(agent, "i", 2, None, later) is not None,
            outside.presence.note_applied(agent, Revision(7), "hash", later) is not None,
            outside.presence.note_failure(agent, "no such device", later),
        ]

    assert is_taken(former) == [False] * 4
    assert is_taken(said_by(peer_id)) == [False] * 4
    assert outside.presence.observations(lab.id, [peer_id]) == before
    lab = advance(outside, lab, RevokeAgent(peer_id, Revision(1)))
    assert is_taken(mine) == [False] * 4
    assert outside.presence.observations(lab.id, [peer_id]) == before
    assert outside.presence.note_disconnected(peer_id, ConnectionId("c"), later) is True  # whose ever it was
    lab = advance(outside, lab, AdmitAgent(peer_id, Revision(5), HOST, "next"))
    assert is_taken(mine) == [False] * 4
    assert is_taken(Agent(lab.id, peer_id, "next")) == [True] * 4


def test_an_agent_is_revoked_in_the_commit_or_not_at_all(outside: Outside, lab: Network) -> None:
    peer_id = a_dynamic().id
    advance(outside, lab, AdmitAgent(peer_id, Revision(5), HOST))
    late = AdvanceNetwork(lab.advanced(T0))

    with pytest.raises(CommitConflict):
        commit(outside, lab.advanced(T0), late, RevokeAgent(peer_id, Revision(1)))
    assert outside.presence.note_heartbeat(said_by(peer_id), "i", 1, None, T0) is not None

    outside_of_it = a_jump().id
    advance(outside, outside.networks.get(lab.id), RevokeAgent(outside_of_it, Revision(4)))
    assert outside.presence.wanted(outside_of_it) == 4  # one that had no presence has one that nobody speaks in
    assert outside.presence.note_heartbeat(said_by(outside_of_it), "i", 1, None, T0) is None


@pytest.mark.parametrize("role", [None, Role.MEMBER])
def test_a_person_is_added_once_and_comes_back_as_they_were(outside: Outside, role: Role | None) -> None:
    networks = frozenset({LAB.id}) if role else frozenset()
    user = User(PrincipalId("usr_1"), "sub", "a@example.com" if role else None, None, T0, role, networks)

    outside.accounts.add_user(user)
    outside.accounts.add_user(replace(user, name="another"))

    assert outside.accounts.get_user(user.id) == user
    assert outside.accounts.get_user(PrincipalId("usr_2")) is None


@pytest.mark.parametrize("networks", [None, frozenset({LAB.id})])
def test_an_api_token_comes_back_as_it_was(outside: Outside, networks: frozenset[str] | None) -> None:
    principal = Principal(PrincipalId("tok_1"), "ci", Role.AUDITOR, networks)  # type: ignore[arg-type]
    token = ApiToken(principal, Secret("hash"), None if networks else T0)

    outside.accounts.put_token(token)

    assert outside.accounts.get_token("tok_1") == token
    assert outside.accounts.get_token("tok_2") is None
