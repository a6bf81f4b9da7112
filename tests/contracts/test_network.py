"""Networks, their directory and their rules, over every engine."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import (
    AdvanceNetwork,
    Claim,
    CreateNetwork,
    RemoveAcl,
    RemoveNetwork,
    WriteAcl,
    WriteBlock,
    entries_of,
)
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import DEPLOYMENT, NetworkId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, Anything, OfCidr, OfPeer, OfTag, Ports, Protocol
from chalicelib.domain.network.addresses import Reservation, Span
from chalicelib.domain.network.directory import Block, Directory, blocks_of
from chalicelib.domain.network.network import Network, SealedSecret
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import T0, a_dynamic, a_jump, a_network
from tests.contracts.stores import LAB, advance, commit


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


def test_every_field_of_a_network_comes_back(outside: Outside) -> None:
    commit(outside, FULL, CreateNetwork(FULL))

    assert outside.networks.get(FULL.id) == FULL


def test_a_network_that_is_being_deleted_is_gone_but_for_its_removal(outside: Outside, lab: Network) -> None:
    assert outside.networks.deleting(lab.id) is None
    deleting = replace(lab.advanced(T0), is_deleting=True)
    commit(outside, deleting, AdvanceNetwork(deleting))

    with pytest.raises(NetworkNotFound):
        outside.networks.get(lab.id)
    assert outside.networks.many([lab.id]) == []
    assert outside.networks.deleting(lab.id) == deleting


@pytest.mark.parametrize("network_id", ["net_none", "directory"])
def test_an_unknown_network_is_not_found(outside: Outside, network_id: str) -> None:
    with pytest.raises(NetworkNotFound):
        outside.networks.get(network_id)  # type: ignore[arg-type]


def test_a_network_is_created_once(outside: Outside, lab: Network) -> None:
    with pytest.raises(ConditionFailed):
        commit(outside, replace(lab, revision=Revision(2)), CreateNetwork(lab))


def test_a_removed_network_is_gone(outside: Outside, lab: Network) -> None:
    gone = lab.advanced(T0)
    commit(outside, gone, RemoveNetwork(lab))

    with pytest.raises(NetworkNotFound):
        outside.networks.get(lab.id)


def test_a_network_that_moved_is_not_removed(outside: Outside, lab: Network) -> None:
    later = advance(outside, lab)

    with pytest.raises(CommitConflict):
        commit(outside, later.advanced(T0), RemoveNetwork(lab))


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
