"""Handshakes close together and bare returns, each with both sides of its boundary."""

from collections.abc import Iterable

import pytest

from chalicelib.domain.incident.evidence import Fact
from chalicelib.domain.incident.finding import Rule
from chalicelib.domain.incident.memory import MOST_SIGNS
from chalicelib.domain.incident.rules import DEFAULTS, Rules, changed
from chalicelib.domain.incident.sharing import (
    bare_returns,
    between_endpoints,
    early_handshakes,
    returns,
    steady_returns,
)
from tests.domain.incident.facts import CAFE, HOME, LTE, PARIS, a_look, a_pair, findings, told


def blocks(facts: Iterable[Fact], rules: Rules = DEFAULTS) -> bool:
    return any(one.rule is Rule.TAKING_TURNS for one in findings(facts, rules))


def test_two_devices_are_proved() -> None:
    found = [one for one in findings(a_pair()) if one.rule is Rule.TAKING_TURNS]

    assert found[0].is_proof
    assert found[0].observer_id == PARIS.id
    assert "within 10 min jump paris saw 2 handshakes less than 65 s" in found[0].summary.lower()
    assert found[0].thresholds["quick_return_s"] == 15


@pytest.mark.parametrize(("away", "count"), [(15, 1), (15.5, 0)])
def test_a_return_is_quick_within_fifteen_seconds(away: float, count: int) -> None:
    memory, _ = told([a_look(0), a_look(10, CAFE), a_look(10 + away, HOME), a_look(60, CAFE)])

    assert len(bare_returns(memory.watched[0], DEFAULTS)) == count


def test_a_return_with_a_handshake_is_not_bare() -> None:
    for made in (18, 20, 25):
        memory, _ = told(
            [a_look(0), a_look(10, CAFE), a_look(20, HOME), a_look(26, HOME, made), a_look(90, CAFE, made)]
        )

        assert [one.is_bare for one in returns(memory.watched[0], DEFAULTS)][:1] == [False]


def test_a_return_is_not_bare_while_a_handshake_may_follow() -> None:
    memory, _ = told([a_look(0), a_look(10, CAFE), a_look(20, HOME), a_look(24, CAFE)])

    assert [one.is_bare for one in returns(memory.watched[0], DEFAULTS)][:1] == [None]


def test_a_later_handshake_may_hide_the_one_that_came_with_a_return() -> None:
    hidden, _ = told([a_look(0), a_look(10, CAFE), a_look(20, HOME), a_look(50, CAFE, 49)])
    plain, _ = told([a_look(0), a_look(10, CAFE), a_look(20, HOME), a_look(51, CAFE, 50)])

    assert returns(hidden.watched[0], DEFAULTS)[0].is_bare is False
    assert returns(plain.watched[0], DEFAULTS)[0].is_bare is True


def test_frames_that_were_held_up_together_make_no_quick_return() -> None:
    late = [a_look(0), a_look(10, CAFE, arrives=100), a_look(50, HOME, arrives=101), a_look(90, CAFE, arrives=102)]
    set_back = [a_look(0), a_look(10, CAFE), a_look(12, HOME, arrives=52), a_look(90, CAFE)]

    assert bare_returns(told(late)[0].watched[0], DEFAULTS) == ()
    assert bare_returns(told(set_back)[0].watched[0], DEFAULTS) == ()


def test_where_three_take_turns_they_may_be_away_longer() -> None:
    places = (HOME, CAFE, LTE)
    three, _ = told(a_look(t, places[i % 3]) for i, t in enumerate(range(0, 150, 10)))
    two, _ = told(a_look(t, places[i % 2]) for i, t in enumerate(range(0, 300, 20)))

    assert len(bare_returns(three.watched[0], DEFAULTS)) >= 3
    assert bare_returns(two.watched[0], DEFAULTS) == ()


@pytest.mark.parametrize(("gap", "count"), [(64, 1), (65, 0), (0, 0), (-30, 0)])
def test_a_handshake_is_early_below_half_of_what_idle_devices_take(gap: int, count: int) -> None:
    memory, _ = told([a_look(0, handshake=-1), a_look(70, CAFE, -1 + gap)])

    assert len(early_handshakes(memory.watched[0], DEFAULTS)) == count


def test_what_is_older_than_the_window_does_not_count() -> None:
    memory, _ = told([*a_pair(until=100), a_look(690, LTE)])
    gone, _ = told([a_look(715, HOME)], memory=memory)

    assert early_handshakes(memory.watched[0], DEFAULTS) == ()
    assert bare_returns(gone.watched[0], DEFAULTS) == ()


def test_early_handshakes_from_one_endpoint_prove_nothing() -> None:
    lossy = [a_look(t, HOME, t) for t in range(0, 600, 20)]

    assert {one.rule for one in findings(lossy)} == {Rule.EARLY_HANDSHAKES}
    assert not any(one.is_proof for one in findings(lossy))


@pytest.mark.parametrize(("heard", "count"), [(13, 1), (14, 0)])
def test_a_handshake_counts_while_the_peer_was_heard_elsewhere_too_lately_to_have_waited(
    heard: int, count: int
) -> None:
    memory, _ = told([a_look(30, CAFE, -10), a_look(30 + heard, HOME, 30 + heard)])

    assert len(between_endpoints(early_handshakes(memory.watched[0], DEFAULTS))) == count


@pytest.mark.parametrize(("away", "count"), [((9, 9, 10, 9), 4), ((3, 12, 6, 9), 0)])
def test_returns_are_steady_when_they_are_away_equally_long(away: tuple[int, ...], count: int) -> None:
    facts, t = [a_look(0, CAFE), a_look(20, HOME)], 20
    for one in away:
        facts += [a_look(t + 20, CAFE), a_look(t + 20 + one, HOME)]
        t += 40

    memory, _ = told([*facts, a_look(t + 60, LTE)])

    assert steady_returns(memory.watched[0], DEFAULTS) == count


def test_returns_alone_prove_nothing() -> None:
    balanced = [a_look(t, (HOME, CAFE)[i % 2]) for i, t in enumerate(range(0, 600, 10))]

    assert not [one for one in findings(balanced) if one.type == "shared_config"]


def test_signs_are_bounded() -> None:
    memory, _ = told(a_pair(until=3000))

    assert len(memory.watched[0].returns) == 2 * MOST_SIGNS
    assert len(memory.watched[0].early) <= MOST_SIGNS


@pytest.mark.parametrize("settings", [{"bare_returns": 8}, {"early_handshakes": 8}, {"early_handshake_s": 10}])
def test_thresholds_are_those_of_the_network(settings: dict[str, object]) -> None:
    assert not blocks(a_pair(until=160), changed(DEFAULTS, settings))
    assert blocks(a_pair(until=160))
