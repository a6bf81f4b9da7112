"""What an agent's word makes of its keys, however often and in whatever order it comes."""

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.change.change import What, what_happened
from chalicelib.domain.change.writes import Claim, Release, claims_of_keys
from chalicelib.domain.ids import Revision
from chalicelib.domain.peer.errors import KeyInUse
from chalicelib.domain.peer.key_rotation import ReportedKeys, told
from chalicelib.domain.peer.peer import Kind, Peer, Rotation
from chalicelib.domain.tunnel.sections import Epochs, epochs
from tests.builders import a_dynamic, a_jump, a_key, a_network, a_static
from tests.domain.populations import PSK, Population, populations

OLD, NEW, THIRD = a_key("old"), a_key("new"), a_key("third")
NETWORK = a_network(revision=Revision(9))


def a_rotating(**changes: object) -> Peer:
    return replace(a_dynamic(public_key=OLD), **changes)  # type: ignore[arg-type]


def test_an_announced_key_is_staged_and_the_one_in_use_stays() -> None:
    after = told(NETWORK, a_rotating(rotation=Rotation.WANTED), ReportedKeys(OLD, NEW))

    assert (after.public_key, after.staged_key, after.staged_since, after.rotation) == (OLD, NEW, 9, None)
    assert what_happened(a_rotating(), after) is What.KEY_STAGED


def test_a_staged_key_in_use_replaces_the_old_one_which_is_remembered() -> None:
    before = a_rotating(staged_key=NEW, staged_since=Revision(5))

    after = told(NETWORK, before, ReportedKeys(NEW, None))

    assert (after.public_key, after.staged_key, after.staged_since, after.retired_key) == (NEW, None, None, OLD)
    assert what_happened(before, after) is What.KEY_ROTATED


@pytest.mark.parametrize("held", [ReportedKeys(OLD, None), ReportedKeys(OLD, NEW), ReportedKeys(NEW, None)])
def test_the_same_word_again_changes_nothing(held: ReportedKeys) -> None:
    once = told(NETWORK, a_rotating(staged_key=NEW, staged_since=Revision(5)), held)

    assert told(NETWORK, once, held) == once


def test_a_word_from_before_the_switch_that_comes_late_takes_nothing_back() -> None:
    rotated = told(NETWORK, a_rotating(staged_key=NEW), ReportedKeys(NEW, None))

    assert told(NETWORK, rotated, ReportedKeys(OLD, NEW)) == rotated


def test_another_next_key_replaces_one_that_its_agent_lost() -> None:
    after = told(NETWORK, a_rotating(staged_key=NEW, staged_since=Revision(5)), ReportedKeys(OLD, THIRD))

    assert (after.staged_key, after.staged_since) == (THIRD, 9)


def test_an_agent_whose_key_nobody_knows_comes_back_by_a_next_one() -> None:
    after = told(NETWORK, a_rotating(), ReportedKeys(a_key("from a backup"), NEW))

    assert (after.public_key, after.staged_key) == (OLD, NEW)


def test_the_last_key_does_not_come_back() -> None:
    with pytest.raises(KeyInUse):
        told(NETWORK, a_rotating(retired_key=NEW), ReportedKeys(OLD, NEW))


def test_keys_are_claimed_until_the_one_after_the_next_is_in_use() -> None:
    first = a_rotating(retired_key=THIRD)
    staged = told(NETWORK, first, ReportedKeys(OLD, NEW))
    rotated = told(NETWORK, staged, ReportedKeys(NEW, None))

    assert claims_of_keys(first, staged) == (Claim(first.network_id, "key", NEW, first.id),)
    assert claims_of_keys(staged, rotated) == (Release(first.network_id, "key", THIRD),)


def test_each_staged_key_has_preshared_keys_of_its_own_on_both_sides() -> None:
    jump = a_jump(staged_key=a_key("jump staged"))
    peer = a_rotating(staged_key=NEW)
    population = Population(a_network(), (jump, peer))

    on_peer, on_jump = (population.bundle(one).tunnel.sections[0] for one in (peer, jump))

    assert on_peer.staged is not None
    assert on_jump.staged is not None
    assert on_peer.preshared_key == on_jump.preshared_key == PSK(OLD, str(jump.public_key), 1)
    assert on_peer.pair.next_preshared_key == on_jump.staged.preshared_key == PSK(NEW, str(jump.public_key), 1)
    assert on_peer.staged.preshared_key == on_jump.pair.next_preshared_key == PSK(OLD, a_key("jump staged"), 1)
    assert on_peer.staged.next_preshared_key == on_jump.staged.next_preshared_key == PSK(NEW, a_key("jump staged"), 1)


@given(populations())
def test_no_key_stands_twice_on_an_interface_nor_a_staged_one_in_a_file(population: Population) -> None:
    for peer in population.peers:
        sections = population.bundle(peer).tunnel.sections
        keys = list(chain.from_iterable((one.public_key, one.staged and one.staged.public_key) for one in sections))
        known = [key for key in keys if key is not None]

        assert len(known) == len(set(known))
        assert peer.public_key not in known
        assert peer.staged_key not in known
        assert peer.kind is not Kind.STATIC or all(one.staged is None for one in sections)


@given(populations(), st.data())
def test_whoever_must_hold_a_staged_key_lists_it(population: Population, data: st.DataObject) -> None:
    staged = [peer for peer in population.peers if peer.staged_key is not None and peer.is_listed]
    for peer in staged:
        holders = [one for one in population.peers if one.is_listed and one.is_run_by_agent and one.id != peer.id]
        for one in holders if peer.is_jump else [jump for jump in holders if jump.is_jump]:
            sections = population.bundle(one).tunnel.sections
            assert peer.staged_key in [section.staged.public_key for section in sections if section.staged]


def test_a_regular_peers_pairs_have_the_epoch_it_holds_and_it_tries_the_newest() -> None:
    network = a_network(epoch=3)

    assert epochs(network, a_dynamic(epoch=1), a_jump()) == Epochs(1, 3)
    assert epochs(network, a_dynamic(epoch=3), a_jump()) == Epochs(3, 2)
    assert epochs(network, a_jump(), a_dynamic(epoch=1)) == Epochs(1, None)
    assert epochs(a_network(epoch=1), a_dynamic(), a_jump()) == Epochs(1, None)


def test_two_jumps_have_the_epoch_that_both_hold_and_one_of_them_tries_another() -> None:
    network, first, second = a_network(epoch=3), a_jump(1, epoch=3), a_jump(4, epoch=2)

    assert epochs(network, first, second) == Epochs(2, 3)
    assert epochs(network, second, first) == Epochs(2, None)


def test_a_file_keeps_the_epoch_it_was_issued_with() -> None:
    network = a_network(epoch=3)

    assert epochs(network, a_jump(epoch=3), a_static(epoch=2)) == Epochs(2, None)
    assert epochs(network, a_static(epoch=None), a_jump()) == Epochs(3, None)


def test_an_agents_word_counts_for_the_newest_epoch_alone() -> None:
    network, peer = a_network(epoch=3), a_rotating(epoch=1)

    held = [told(network, peer, ReportedKeys(OLD, None, epoch)).epoch for epoch in (None, 2, 3, 4)]

    assert held == [1, 1, 3, 1]
    assert what_happened(peer, told(network, peer, ReportedKeys(OLD, None, 3))) is What.PSK_HELD


@given(populations())
def test_both_sides_of_a_pair_have_one_secret_and_one_of_them_tries_another(population: Population) -> None:
    bundles = {peer.id: population.bundle(peer) for peer in population.peers}
    sections = {
        (own, section.peer_id): section for own, bundle in bundles.items() for section in bundle.tunnel.sections
    }
    for (own, other), section in sections.items():
        back = sections.get((other, own))
        if back is None:  # a file lists its home alone, and a home that is blocked lists nobody
            continue
        assert section.preshared_key == back.preshared_key
        assert section.pair.other_preshared_key is None or back.pair.other_preshared_key is None
        assert section.pair.other_preshared_key != section.preshared_key
