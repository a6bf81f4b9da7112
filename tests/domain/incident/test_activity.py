"""Addresses and machines that change often are worth an alert."""

import pytest

from chalicelib.domain.incident.evidence import HostIdentity, Observation
from chalicelib.domain.incident.finding import Rule
from chalicelib.domain.incident.rules import DEFAULTS, changed
from tests.domain.incident.facts import CAFE, HOME, a_beat, a_look, findings

HOUR = 3600
DESK, SERVER, CLOUD = (HostIdentity(name, "Debian 12", name) for name in ("desk", "server", "cloud"))


def moves(count: int, pace_s: float = HOUR, places: tuple[str, ...] = (HOME, CAFE)) -> list[Observation]:
    return [a_look(i * pace_s, places[i % len(places)]) for i in range(count + 1)]


@pytest.mark.parametrize(("count", "is_found"), [(10, False), (11, True)])
def test_more_than_ten_changes_of_address_in_a_day_are_suspicious(count: int, is_found: bool) -> None:
    found = findings(moves(count))

    assert [one.rule for one in found] == [Rule.MANY_ADDRESSES] * is_found


def test_changes_of_the_day_before_do_not_count() -> None:
    assert findings(moves(30, pace_s=3 * HOUR)) == []


def test_changes_of_port_or_family_are_none() -> None:
    ports = tuple(f"198.51.100.7:{port}" for port in range(1000, 1040))
    families = ("198.51.100.7:1", "[2001:db8::7]:1")

    assert findings(moves(39, places=ports)) == []
    assert findings(moves(39, places=families)) == []


def test_changes_are_counted_across_a_restart_of_the_jump() -> None:
    before = moves(6)
    after = [
        a_look(
            one.seen_at.timestamp() - before[0].seen_at.timestamp() + 7 * HOUR,
            one.endpoint,
            instance="q",
            observer=later,
        )
        for later in [type(before[0].observer)(before[0].observer.id, "paris", before[0].seen_at)]
        for one in moves(6)
    ]

    assert [one.rule for one in findings([*before, *after])] == [Rule.MANY_ADDRESSES, Rule.MANY_ADDRESSES]


@pytest.mark.parametrize(("passed", "is_found"), [(300, True), (301, False)])
def test_the_strict_rule_takes_another_address_for_a_conflict(passed: int, is_found: bool) -> None:
    facts = [a_look(0, HOME), a_look(passed, CAFE)]

    assert findings(facts) == []
    assert [one.rule for one in findings(facts, changed(DEFAULTS, {"strict": True}))] == [
        Rule.ANOTHER_ADDRESS
    ] * is_found


def test_a_machine_that_is_what_it_was_twice_is_suspicious() -> None:
    beats = [a_beat(i * 100, "a", host=host) for i, host in enumerate([DESK, SERVER, DESK, SERVER])]

    assert findings(beats[:3]) == []
    assert [one.rule for one in findings(beats)] == [Rule.CHANGING_HOST]
    assert findings(beats)[0].lines[-1].text == "the agent named machine server again, after desk"


def test_machines_that_follow_each_other_are_not() -> None:
    beats = [a_beat(i * 100, f"r{i}", host=host) for i, host in enumerate([DESK, SERVER, CLOUD])]

    assert findings(beats) == []


def test_an_older_frame_says_nothing_of_the_machine() -> None:
    beats = [
        a_beat(t, "a", host=host) for t, host in [(100, DESK), (300, SERVER), (200, DESK), (400, SERVER), (250, DESK)]
    ]

    assert findings(beats) == []
