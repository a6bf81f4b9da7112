"""The one rule of homes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import Revision
from chalicelib.domain.peer.home import first_home, home_of, serving
from chalicelib.domain.peer.peer import Kind
from tests.builders import a_dynamic, a_jump, a_static
from tests.domain.populations import Population, populations

JUMPS = [a_jump(1), a_jump(4), a_jump(7)]


def test_the_first_choice_comes_first_then_the_others_by_id() -> None:
    peer = a_dynamic(2, preferred_jump_id="jmp_0004")

    assert home_of(peer, JUMPS) == "jmp_0004"
    assert home_of(peer, JUMPS, {"jmp_0004"}) == "jmp_0001"  # type: ignore[arg-type]
    assert home_of(peer, JUMPS, {"jmp_0004", "jmp_0001"}) == "jmp_0007"  # type: ignore[arg-type]
    assert home_of(a_dynamic(2), JUMPS) == "jmp_0001"


def test_a_mark_for_one_peer_moves_that_peer_alone() -> None:
    marked = a_dynamic(2, avoids=frozenset({"jmp_0001"}))

    assert (home_of(marked, JUMPS), home_of(a_dynamic(3), JUMPS)) == ("jmp_0004", "jmp_0001")


def test_when_all_are_marked_the_first_serves_and_with_none_there_is_no_home() -> None:
    everywhere = [jump.id for jump in JUMPS]

    assert home_of(a_dynamic(2, preferred_jump_id="jmp_0007"), JUMPS, everywhere) == "jmp_0007"
    assert home_of(a_dynamic(2), []) is None


def test_a_jump_without_a_key_or_blocked_serves_nobody() -> None:
    jumps = serving([a_jump(1, keyed=False), a_jump(4, blocked_by=("manual",)), a_jump(7)])

    assert [jump.id for jump in jumps] == ["jmp_0007"]


def test_a_file_keeps_its_home_and_one_from_before_takes_the_first_that_had_a_key() -> None:
    jumps = [a_jump(1, keyed_since=Revision(9)), a_jump(4, keyed_since=Revision(3))]

    assert home_of(a_static(3, home_id="jmp_0001"), jumps, {"jmp_0001"}) == "jmp_0001"  # type: ignore[arg-type]
    assert home_of(a_static(3), jumps) == "jmp_0004"


@given(populations(), st.data())
def test_a_mark_moves_only_those_it_names_and_all_marked_is_as_none(
    population: Population, data: st.DataObject
) -> None:
    hubs = population.hubs
    marked = data.draw(st.sampled_from([jump.id for jump in hubs])) if hubs else None
    for peer in population.regular:
        peer = replace(peer, avoids=frozenset())
        before = home_of(peer, hubs)
        after = home_of(peer, hubs, [marked] if marked else [])
        if peer.kind is Kind.STATIC or before != marked or len(hubs) <= 1:
            assert after == before
        else:
            assert after != marked
        assert home_of(peer, hubs, [jump.id for jump in hubs]) == before


@given(populations(), st.data())
def test_a_new_jump_moves_no_file_and_no_peer_with_a_choice_that_serves(
    population: Population, data: st.DataObject
) -> None:
    newcomer = a_jump(data.draw(st.sampled_from([0, 9])), keyed_since=Revision(100))
    more = serving([*population.jumps, newcomer])
    for peer in population.regular:
        before = home_of(peer, population.hubs)
        chosen = peer.preferred_jump_id == before and before is not None
        if before is not None and (peer.kind is Kind.STATIC or chosen) and not peer.avoids:
            assert home_of(peer, more) == before


@given(populations())
def test_a_home_serves(population: Population) -> None:
    for peer in population.regular:
        home = first_home(peer, population.hubs, population.network.down)
        assert (home is None) is (not population.hubs)
        assert home is None or home in {jump.id for jump in population.hubs}
