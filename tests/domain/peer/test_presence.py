"""The status shown."""

from datetime import timedelta

import pytest

from chalicelib.domain.ids import Revision
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.peer.presence import Presence, Progress, Sighting, Status, is_return, last_seen, status
from tests.builders import T0, a_dynamic, a_jump, a_static

S = timedelta(seconds=1)


def seen(ago: timedelta, connected: bool = True) -> Presence:
    return Presence(Revision(1), connected, T0 - ago, None)


def test_an_agent_is_pending_until_it_enrolled() -> None:
    assert status(a_dynamic(keyed=False), None, None, T0) is Status.PENDING


@pytest.mark.parametrize(("ago", "expected"), [(134 * S, Status.ONLINE), (135 * S, Status.OFFLINE)])
def test_a_jump_is_offline_after_three_missed_heartbeats(ago: timedelta, expected: Status) -> None:
    assert status(a_jump(), seen(ago), None, T0) is expected


def test_an_agent_is_offline_when_its_socket_is_closed() -> None:
    assert status(a_dynamic(), seen(S, connected=False), None, T0) is Status.OFFLINE


@pytest.mark.parametrize(
    ("handshake", "spoke", "expected"),
    [(179, 10, Status.ONLINE), (180, 10, Status.IDLE), (180, 134, Status.IDLE), (180, 135, Status.ONLINE)],
)
def test_a_dynamic_peer_is_idle_while_its_home_speaks_and_tells_no_handshake(
    handshake: int, spoke: int, expected: Status
) -> None:
    told = Sighting(T0 - handshake * S, T0 - handshake * S)

    assert status(a_dynamic(), seen(S), told, T0, home=seen(spoke * S)) is expected


def test_without_a_home_that_is_there_nobody_is_idle() -> None:
    told = Sighting(T0 - 500 * S, T0 - 500 * S)

    assert status(a_dynamic(), seen(S), told, T0, home=None) is Status.ONLINE
    assert status(a_dynamic(), seen(S), told, T0, home=seen(S, connected=False)) is Status.ONLINE
    assert status(a_dynamic(), seen(S), None, T0, home=seen(S)) is Status.ONLINE


@pytest.mark.parametrize(("handshake", "expected"), [(179, Status.ONLINE), (180, Status.OFFLINE)])
def test_a_static_peer_is_online_by_its_handshake(handshake: int, expected: Status) -> None:
    assert status(a_static(), None, Sighting(T0 - handshake * S, T0), T0) is expected


def test_a_static_peer_is_pending_before_its_first_handshake() -> None:
    assert status(a_static(), None, None, T0) is Status.PENDING


def test_last_seen_is_the_later_of_word_and_handshake() -> None:
    assert last_seen(seen(5 * S), Sighting(T0 - 2 * S, T0)) == T0 - 2 * S
    assert last_seen(None, None) is None


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "heard", "closed", "expected"),
    [
        (Kind.DYNAMIC, None, None, True),
        (Kind.DYNAMIC, 5 * MINUTE, 3 * MINUTE, True),
        (Kind.DYNAMIC, 5 * MINUTE, 3 * MINUTE - S, False),
        (Kind.DYNAMIC, 9 * MINUTE, None, False),
        (Kind.DYNAMIC, 30 * MINUTE - S, 60 * MINUTE, False),
        (Kind.DYNAMIC, 30 * MINUTE, 60 * MINUTE, True),
        (Kind.JUMP, 315 * S, None, True),
        (Kind.JUMP, 314 * S, None, False),
    ],
)
def test_an_agent_that_connects_is_back_only_from_where_it_was_offline(
    kind: Kind, heard: timedelta | None, closed: timedelta | None, expected: bool
) -> None:
    before = Progress(
        Revision(1),
        Revision(1),
        heard_before=None if heard is None else T0 - heard,
        closed_at=None if closed is None else T0 - closed,
    )

    assert is_return(kind, before, T0) is expected
