"""Hints on their way: none that a later one makes needless."""

from datetime import timedelta

import pytest

from chalicelib.application.push.deliveries import without_stale
from chalicelib.domain.change.agent_notices import ConfigChanged
from chalicelib.domain.change.browser_notices import AccountChanged, NetworkChanged
from chalicelib.domain.change.change import What
from chalicelib.domain.change.notices import Notice
from chalicelib.domain.ids import ConnectionId, NetworkId, Revision
from chalicelib.ports.queues import Push
from chalicelib.ports.sockets import Connection
from tests.builders import T0, a_dynamic

LAB, OTHER = NetworkId("net_lab"), NetworkId("net_other")


def a_socket(number: int, network_id: NetworkId = LAB) -> Connection:
    peer_id = a_dynamic(number).id
    return Connection(network_id, peer_id, ConnectionId(f"{network_id} {number}"), T0, T0 + timedelta(hours=1))


def a_hint(revision: int, network_id: NetworkId = LAB) -> ConfigChanged:
    return ConfigChanged(network_id, Revision(revision))


def a_push(notice: Notice, *numbers: int) -> Push:
    network_id = LAB if isinstance(notice, AccountChanged) else notice.network_id
    return Push(notice, tuple(a_socket(number, network_id) for number in numbers))


@pytest.mark.parametrize("newest_first", [False, True])
def test_of_hints_that_wait_together_each_socket_is_told_the_newest(newest_first: bool) -> None:
    pushes = [a_push(a_hint(7), 1, 2), a_push(a_hint(8), 2, 3)]

    left = without_stale(pushes[::-1] if newest_first else pushes)

    assert (left[::-1] if newest_first else left) == [a_push(a_hint(7), 1), a_push(a_hint(8), 2, 3)]


def test_hints_of_another_network_or_of_another_kind_stay() -> None:
    news = NetworkChanged(LAB, Revision(3), What.PEER_CREATED, None)
    pushes = [a_push(news, 1), a_push(a_hint(9, OTHER), 1), a_push(a_hint(4), 1)]

    assert without_stale(pushes) == pushes


def test_the_same_hint_twice_is_told_twice_rather_than_not_at_all() -> None:
    pushes = [a_push(a_hint(7), 1), a_push(a_hint(7), 1)]

    assert without_stale(pushes) == pushes
