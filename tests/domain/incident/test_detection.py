"""The one function: what is history, what is quiet, what is told once, and what resets it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.detection import MOST_TOLD
from chalicelib.domain.incident.evidence import Fact, Lifecycle, LifecycleKind, Observer
from chalicelib.domain.incident.finding import Finding, Rule
from chalicelib.domain.incident.memory import MOST_OBSERVERS
from chalicelib.domain.incident.rules import DEFAULTS, changed
from tests.domain.incident.facts import CAFE, HOME, PARIS, PEER, a_beat, a_look, a_pair, a_statement, at, findings, told

CONFLICT = [a_beat(0), a_beat(100, "b"), a_beat(200, echo=195), a_beat(205, "b", echo=200)]


def proved(facts: Iterable[Fact]) -> bool:
    return any(one.is_proof and one.type == "shared_config" for one in findings(facts))


def test_an_older_frame_of_a_jump_is_history() -> None:
    facts = a_pair(until=100)
    memory, _ = told(facts)

    for older in facts:
        assert told([older], memory=memory) == (memory, [])


def test_a_frame_of_the_jumps_instance_before_is_history() -> None:
    later = replace(PARIS, started_at=at(50))
    memory, _ = told([a_look(0), a_look(60, CAFE, instance="q", observer=later)])

    assert told([a_look(61, HOME)], memory=memory) == (memory, [])


@pytest.mark.parametrize("kind", list(LifecycleKind))
def test_nothing_counts_after_something_was_done_to_the_peer(kind: LifecycleKind) -> None:
    early: list[Fact] = [Lifecycle(PEER, kind, at(-5)), *a_pair(until=170)]
    late: list[Fact] = [Lifecycle(PEER, kind, at(-5)), *a_pair(until=600)]

    assert not proved(early)
    assert proved(late)
    assert proved(list(a_pair(until=170)))


def test_a_change_of_one_pair_is_quiet_for_that_jump_alone() -> None:
    changed_pair = Lifecycle(PEER, LifecycleKind.PSK_CHANGED, at(1), PARIS.id)
    other_pair = Lifecycle(PEER, LifecycleKind.PSK_CHANGED, at(1), PeerId("jmp_london"))
    first, *rest = a_pair(until=170)

    assert not proved([first, changed_pair, *rest])
    assert proved([first, other_pair, *rest])


@pytest.mark.parametrize(("began", "is_found"), [(-181, True), (-10, False)])
def test_nothing_counts_after_the_jump_began(began: float, is_found: bool) -> None:
    facts = [replace(one, observer=replace(PARIS, started_at=at(began))) for one in a_pair(until=170)]

    assert proved(list(facts)) is is_found


@pytest.mark.parametrize("kind", [LifecycleKind.RESTORED, LifecycleKind.REKEYED])
def test_what_was_before_a_restore_is_history(kind: LifecycleKind) -> None:
    done = Lifecycle(PEER, kind, at(1000))
    memory, _ = told([*a_pair(), *CONFLICT, done])

    assert (memory.opened, memory.watched, memory.instances) == ((), (), ())
    assert told([*a_pair(), *CONFLICT, a_statement(10, ())], memory=memory) == (memory, [])
    assert told([replace(done, at=at(900))], memory=memory) == (memory, [])


def test_a_copy_that_is_still_there_after_a_restore_is_found_again() -> None:
    facts: list[Fact] = [*a_pair(), Lifecycle(PEER, LifecycleKind.RESTORED, at(300)), *a_pair(until=1000, begin=400)]

    first = [one.rule for one in findings(facts) if one.type == "shared_config" and not one.is_later]
    assert first == [Rule.TAKING_TURNS, Rule.TAKING_TURNS]


def test_an_incident_is_told_once_and_what_follows_joins_it() -> None:
    found = [one for one in findings(a_pair(until=5000)) if one.type == "shared_config"]

    assert not found[0].is_later
    assert all(one.is_later and len(one.lines) == 1 for one in found if one.is_proof and one is not found[0])
    assert len(found) == MOST_TOLD


def test_an_alert_that_is_proved_later_is_told_again() -> None:
    alert = [a_look(t, HOME, t) for t in range(-200, -100, 20)]

    found = findings([*alert, *a_pair()])

    first = [one.rule for one in found if one.type == "shared_config" and not one.is_later]
    assert first == [Rule.EARLY_HANDSHAKES, Rule.TAKING_TURNS]


def test_what_is_switched_off_is_not_told() -> None:
    assert findings(CONFLICT, changed(DEFAULTS, {"session_conflict": "off"})) == []
    assert findings(CONFLICT)


def test_jumps_are_never_compared_with_each_other() -> None:
    """The one sees what the first device does, the other the second."""
    london = Observer(PeerId("jmp_london"), "london", PARIS.started_at)
    seen = [replace(one, observer=london) if one.endpoint == CAFE else one for one in a_pair()]

    assert findings(seen) == []


def test_observers_that_were_heard_least_lately_are_given_up() -> None:
    observers = [Observer(PeerId(f"jmp_{i}"), f"j{i}", PARIS.started_at) for i in range(40)]

    memory, _ = told(a_look(i, observer=observer) for i, observer in enumerate(observers))

    assert [one.name for one in memory.watched] == [f"j{i}" for i in range(40 - MOST_OBSERVERS, 40)]


def test_findings_of_a_peer_name_it() -> None:
    _, verdicts = told(CONFLICT)

    assert {one.peer_id for one in verdicts if isinstance(one, Finding)} == {PEER}
