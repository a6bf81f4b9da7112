"""Two instances at once are proved by their echoes, and by nothing else."""

from datetime import timedelta
from itertools import permutations

import pytest

from chalicelib.domain.incident.finding import Finding, Question, Rule
from chalicelib.domain.incident.memory import MOST_INSTANCES
from chalicelib.domain.incident.rules import DEFAULTS, changed
from tests.domain.incident.facts import a_beat, findings, told


def test_two_that_echo_what_was_issued_after_both_appeared_are_two() -> None:
    facts = [a_beat(0), a_beat(100, "b"), a_beat(200, echo=195), a_beat(205, "b", echo=200)]

    found = findings(facts)

    assert [one.rule for one in found] == [Rule.TWO_INSTANCES]
    assert found[0].is_proof
    assert found[0].observer_id is None
    assert found[0].thresholds == {"overlap_s": 90}
    assert [line.text for line in found[0].lines][2:] == [
        "instance a answered what it was sent 95 s after the other appeared, so it was still running",
        "instance b answered what it was sent 100 s after it appeared, so it is running as well",
    ]


@pytest.mark.parametrize(("echo", "is_found"), [(190, False), (190.1, True)])
def test_an_overlap_of_ninety_seconds_is_a_rolling_update(echo: float, is_found: bool) -> None:
    facts = [a_beat(0), a_beat(100, "b"), a_beat(300, "b", echo=299), a_beat(301, echo=echo)]

    assert bool(findings(facts)) is is_found


def test_how_long_is_settable() -> None:
    facts = [a_beat(0), a_beat(100, "b"), a_beat(105, echo=104), a_beat(106, "b", echo=105)]

    assert findings(facts) == []
    assert findings(facts, changed(DEFAULTS, {"overlap_s": 3}))


def test_frames_without_echoes_prove_nothing_however_long_both_speak() -> None:
    facts = [a_beat(t, "ab"[i % 2]) for i, t in enumerate(range(0, 3000, 10))]

    assert findings(facts) == []


def test_a_restart_is_none_however_late_the_last_frames_arrive() -> None:
    facts = [
        a_beat(0),
        a_beat(100, "b"),
        *(a_beat(100 + late, echo=99) for late in (1, 5, 500)),
        a_beat(700, "b", echo=699),
    ]

    assert findings(facts) == []


def test_the_order_of_frames_is_of_no_account() -> None:
    facts = [a_beat(0), a_beat(100, "b"), a_beat(200, echo=195), a_beat(205, "b", echo=200), a_beat(150, "b", echo=101)]

    for order in permutations(facts):
        assert [one.rule for one in findings([*order, *order])][:1] == [Rule.TWO_INSTANCES]


def test_a_second_instance_raises_a_question_and_a_first_does_not() -> None:
    _, verdicts = told([a_beat(0), a_beat(1), a_beat(100, "b"), a_beat(101, "b")])

    assert [one.after for one in verdicts if isinstance(one, Question)] == [timedelta(seconds=92)]


def test_instances_that_were_heard_least_lately_are_given_up() -> None:
    memory, verdicts = told(a_beat(t, f"i{t}") for t in range(30))

    assert [one.id for one in memory.instances] == [f"i{t}" for t in range(30 - MOST_INSTANCES, 30)]
    assert not [one for one in verdicts if isinstance(one, Finding)]


def test_a_late_frame_of_an_instance_that_was_given_up_displaces_none() -> None:
    memory, _ = told(a_beat(t, f"i{t}") for t in range(30))

    assert told([a_beat(0, "i0")], memory=memory) == (memory, [])
