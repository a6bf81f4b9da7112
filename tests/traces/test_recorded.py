"""Sequences from the field get the verdicts that people gave them, and so do others of the same kinds."""

from itertools import pairwise

import pytest

from chalicelib.domain.incident.evidence import Observation
from tests.traces.judging import judged
from tests.traces.recorded import cases, observations

CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("name", CASES)
def test_a_sequence_from_the_field_gets_its_verdict(name: str) -> None:
    case = CASES[name]

    assert bool(judged(case.facts).blocks) == (case.verdict == "clone")


@pytest.mark.parametrize(
    "offsets", [(0, 2), (0, 5), (0, 12), (0, 20), (0, 8, 16), (0, 3, 20), (0, 5, 10, 15, 20), (0, 1, 2, 3, 4)]
)
def test_idle_sharers_are_proved_however_many_there_are(offsets: tuple[int, ...]) -> None:
    assert judged(sharers(offsets, keepalive_s=25)).blocks


def test_two_with_a_long_keepalive_are_proved_when_they_are_near_each_other_and_alerted_when_not() -> None:
    near, far = judged(sharers((0, 10), keepalive_s=60)), judged(sharers((0, 30), keepalive_s=60))

    assert near.blocks
    assert far.findings
    assert not far.blocks


@pytest.mark.parametrize("period_s", [3, 5, 8, 10, 12, 14, 15, 20, 30, 45])
def test_a_router_that_restarts_its_tunnel_at_each_change_of_uplink_is_not_blocked(period_s: int) -> None:
    events = [
        {
            "t": t,
            "event": "packet" if t % period_s else "handshake",
            "endpoint": ("198.51.100.7:1", "203.0.113.9:1")[t // period_s % 2],
        }
        for t in range(600)
    ]

    assert not judged(observations(events)).blocks


def test_a_clean_takeover_finds_nothing() -> None:
    first = [{"t": t, "event": "handshake", "endpoint": "198.51.100.7:1"} for t in range(0, 600, 120)]
    second = [{"t": t, "event": "handshake", "endpoint": "198.51.100.8:1"} for t in range(605, 1200, 120)]

    assert judged(observations([*first, *second])).findings == ()


def test_sentences_say_where_and_how_often() -> None:
    blocks = judged(CASES["two behind one NAT (two ports)"].facts).blocks

    texts = [line.text for line in blocks[0].lines]

    assert (
        "jump paris saw it at 198.51.100.7:51820, 15 s after 198.51.100.7:1027, for the third time, without a handshake"
        in texts
    )
    assert all(before.at <= after.at for before, after in pairwise(blocks[0].lines))


def sharers(offsets: tuple[int, ...], keepalive_s: int) -> list[Observation]:
    """Devices that renew their sessions each fifth keepalive."""
    times = sorted(
        (turn * keepalive_s + offset, turn, number) for turn in range(24) for number, offset in enumerate(offsets)
    )
    renews = -(-120 // keepalive_s)
    return observations(
        [
            {"t": t, "event": "packet" if turn % renews else "handshake", "endpoint": f"198.51.100.{7 + number}:51820"}
            for t, turn, number in times
        ]
    )
