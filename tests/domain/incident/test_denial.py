"""Handshakes that an agent did not make, whatever clocks and ways of frames are."""

from datetime import timedelta

import pytest

from chalicelib.domain.incident.evidence import Observation
from chalicelib.domain.incident.finding import Finding, Question, Rule
from tests.domain.incident.facts import PARIS, a_look, a_statement, findings, told

OWN = (-500.0, -380.0, -260.0, -140.0, -20.0)
THEFT = (-320.0, -200.0, -80.0)  # 60 s after the agent's


def looks(times: tuple[float, ...], way: float = 0.0, clock: float = 0.0) -> list[Observation]:
    """Of handshakes, in order. `way`: how long frames are under way; `clock`: what the jump's is ahead."""
    return [a_look(t + 1 + clock, handshake=t + clock, seq=i, arrives=t + 1 + way) for i, t in enumerate(sorted(times))]


def denied(own: tuple[float, ...], seen: tuple[float, ...], late: float = 0.0, **how: float) -> list[Finding]:
    """Statements with the agent's own handshakes after what the jump saw; `late`: how long they were under way."""
    said = [a_statement(t + late, (one + late for one in own), since=-590 + late) for t in (10, 30)]
    return findings([*looks(seen, **how), *said])


def test_handshakes_that_the_agent_did_not_make_are_proved() -> None:
    found = [one for one in denied(OWN, (*OWN, *THEFT)) if one.is_proof]

    assert [one.rule for one in found] == [Rule.DENIED_HANDSHAKES]
    assert found[0].observer_id == PARIS.id
    assert found[0].lines[0].text.endswith("made, and left out at least 2 that jump paris completed")


@pytest.mark.parametrize("late", [0.0, 9.0, 60.0, 115.0])
@pytest.mark.parametrize(("way", "clock"), [(0.0, 0.0), (60.0, 0.0), (0.0, 3600.0), (0.0, -90.0)])
def test_an_honest_agent_is_not_denied_however_late_frames_are(late: float, way: float, clock: float) -> None:
    assert denied(OWN, OWN, late, way=way, clock=clock) == []


@pytest.mark.parametrize("clock", [0.0, 3600.0, -3600.0])
def test_a_theft_is_proved_whatever_the_clock_of_the_jump_says(clock: float) -> None:
    assert denied(OWN, (*OWN, *THEFT), late=5.0, clock=clock)


def test_one_handshake_is_not_enough() -> None:
    assert denied(OWN, (*OWN, THEFT[0])) == []


@pytest.mark.parametrize(("apart", "is_found"), [(10.0, False), (11.0, True)])
def test_handshakes_are_the_same_within_ten_seconds(apart: float, is_found: bool) -> None:
    """As many at the same distance before as after, so that no other position of the list explains them."""
    own = (-500.0, -400.0, -300.0, -200.0, -100.0)
    seen = tuple(one + (apart, -apart)[i % 2] for i, one in enumerate(own))

    assert bool(denied(own, seen)) is is_found


def test_one_statement_asks_and_does_not_prove() -> None:
    _, verdicts = told([*looks((*OWN, *THEFT)), a_statement(10, OWN, since=-590)])

    assert [one.after for one in verdicts if isinstance(one, Question)] == [timedelta(seconds=15)]
    assert not [one for one in verdicts if isinstance(one, Finding) and one.is_proof]


def test_the_same_statement_twice_is_one() -> None:
    said = a_statement(10, OWN, since=-590)

    assert not [one for one in findings([*looks((*OWN, *THEFT)), said, said]) if one.is_proof]


def test_what_the_agent_did_not_watch_it_does_not_deny() -> None:
    said = [a_statement(t, (), since=-15) for t in (10, 30)]

    assert not [one for one in findings([*looks((*OWN, *THEFT)), *said]) if one.is_proof]


def test_a_full_list_is_no_statement_of_all() -> None:
    said = [a_statement(t, [float(-i) / 10 for i in range(64)], since=-590) for t in (10, 30)]

    assert not [one for one in findings([*looks((*OWN, *THEFT)), *said]) if one.is_proof]
