"""What changed between two looks: told once, at once only where it cannot wait."""

import pytest

from agent.host.tunnel.live import PeerTraffic
from agent.host.tunnel.psk_recovery import OVERDUE_S
from agent.host.tunnel.sightings import EARLY_S, GAP_S, SLACK, Watching

HOME = "203.0.113.7:1000"
CAFE = "198.51.100.9:2000"
T0 = 1_764_000_000.0


def record(key: str, endpoint: str = HOME, handshake_at: float = T0, rx: int = 0) -> str:
    return f"{key} {endpoint} {handshake_at} {rx}"


def parse(text: str) -> PeerTraffic:
    key, endpoint, handshake_at, rx = text.split()
    return PeerTraffic(key, None if endpoint == "-" else endpoint, float(handshake_at), int(rx), 0)


def looked(watching: Watching, *records: str, after_s: float = 1.0) -> list[tuple[str, bool]]:
    """Who changed, and whether it cannot wait."""
    seen = watching.look(records, parse, T0 + after_s, after_s)
    return [(sighted.seen.public_key, sighted.is_urgent) for sighted in seen]


def test_the_first_look_finds_everyone_who_ever_shook_hands_and_nothing_urgent() -> None:
    assert looked(Watching(), record("a"), record("b", "-", 0), record("c", HOME, 0)) == [("a", False)]


def test_nothing_new_and_mere_traffic_are_no_news() -> None:
    watching = Watching()
    looked(watching, record("a"), record("b"))

    assert looked(watching, record("b"), record("a"), after_s=2) == []
    assert looked(watching, record("b", rx=9), record("a"), after_s=3) == []


def test_another_endpoint_cannot_wait_also_when_it_is_the_one_before() -> None:
    watching = Watching()
    looked(watching, record("a"))

    assert looked(watching, record("a", CAFE), after_s=2) == [("a", True)]
    assert looked(watching, record("a", CAFE, rx=5), after_s=3) == []
    assert looked(watching, record("a", HOME, rx=6), after_s=4) == [("a", True)]


@pytest.mark.parametrize(("spacing_s", "is_urgent"), [(0.5, True), (EARLY_S - 0.001, True), (EARLY_S, False)])
def test_a_handshake_cannot_wait_when_it_comes_less_than_a_minute_after_the_one_before(
    spacing_s: float, is_urgent: bool
) -> None:
    watching = Watching()
    looked(watching, record("a", handshake_at=T0))

    assert looked(watching, record("a", handshake_at=T0 + spacing_s), after_s=2) == [("a", is_urgent)]


def watched(watching: Watching, until_s: float, *records: str) -> None:
    """Without a gap, and without news."""
    for second in range(1, int(until_s)):
        looked(watching, *records, after_s=second)


@pytest.mark.parametrize(("age_s", "is_overdue"), [(OVERDUE_S - 1, False), (OVERDUE_S, True)])
def test_a_peer_that_is_sent_something_is_overdue_when_its_last_handshake_is_old(
    age_s: float, is_overdue: bool
) -> None:
    watching, end_s = Watching(), OVERDUE_S + 10
    last, quiet = T0 + end_s - age_s, record("quiet", handshake_at=T0 - 1000)
    watched(watching, end_s, record("a", handshake_at=last), quiet)

    looked(watching, record("a", handshake_at=last, rx=1), quiet, after_s=end_s)

    assert watching.overdue == (["a"] if is_overdue else [])


def test_a_clock_that_was_set_makes_nobody_overdue() -> None:
    watching = Watching()
    watched(watching, OVERDUE_S + 10, record("a"))

    watching.look([record("a", rx=1)], parse, T0 + 10_000, OVERDUE_S + 11)

    assert watching.overdue == []


def test_a_peer_that_never_shook_hands_is_overdue_as_soon_as_it_is_sent_something_again() -> None:
    watching = Watching()
    looked(watching, record("a", handshake_at=0))
    first = watching.overdue
    looked(watching, record("a", handshake_at=0, rx=1), after_s=2)

    assert (first, watching.overdue) == ([], ["a"])


def test_a_peer_that_moves_or_shakes_hands_is_not_overdue() -> None:
    watching = Watching()
    looked(watching, record("a", handshake_at=T0 - 1000), record("b", handshake_at=T0 - 1000))

    looked(watching, record("a", CAFE, T0 - 1000), record("b", handshake_at=T0 + 1), after_s=2)

    assert watching.overdue == []


def test_the_first_handshake_of_a_peer_can_wait() -> None:
    watching = Watching()
    looked(watching, record("a", "-", 0))

    assert looked(watching, record("a", HOME, T0), after_s=2) == [("a", False)]


def test_a_clock_that_went_back_makes_no_handshake_early() -> None:
    watching = Watching()
    looked(watching, record("a", handshake_at=T0))

    assert looked(watching, record("a", handshake_at=T0 - 30), after_s=2) == [("a", False)]


def test_a_sighting_says_how_long_ago_the_handshake_was() -> None:
    (sighted,) = Watching().look([record("a", handshake_at=T0 - 90)], parse, T0, 5.0)
    (future,) = Watching().look([record("a", handshake_at=T0 + 90)], parse, T0, 5.0)

    assert (sighted.age_s, future.age_s) == (90.0, 0.0)


@pytest.mark.parametrize(
    ("passed_s", "slept_s", "is_unbroken"),
    [(GAP_S, 0.0, True), (GAP_S + 0.1, 0.0, False), (5.0, 5.0, True), (5.0, 5.1, False), (5.0, -5.1, False)],
    ids=["in time", "too late", "a step of the clock", "asleep", "set back"],
)
def test_the_watch_is_unbroken_while_looks_are_close_and_both_clocks_agree(
    passed_s: float, slept_s: float, is_unbroken: bool
) -> None:
    watching = Watching()
    watching.look([], parse, T0, 100.0)

    watching.look([], parse, T0 + passed_s + slept_s, 100.0 + passed_s)

    assert (watching.since_s == 100.0) is is_unbroken


def test_peers_that_are_gone_are_forgotten() -> None:
    watching = Watching()
    for generation in range(10):
        looked(watching, *(record(f"{generation}-{number}") for number in range(SLACK)), after_s=generation)

    assert len(watching._marks) <= 3 * SLACK
