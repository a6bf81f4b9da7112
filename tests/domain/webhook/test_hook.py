"""Which events a hook is for, which secrets sign, when it is given up, and who may have it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.errors import NotAllowed
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.network import SealedSecret
from chalicelib.domain.webhook.errors import HookNotFound
from chalicelib.domain.webhook.event import Event, EventType, event_of
from chalicelib.domain.webhook.hook import GIVEN_UP_AFTER, OVERLAP, SwitchedOff, require_reach, require_sight
from tests.builders import ADMINISTRATOR, T0, a_hook

LAB, OTHER = NetworkId("net_lab"), NetworkId("net_other")
SECOND = timedelta(seconds=1)


def an_event(kind: EventType = EventType.PEER_CREATED, network_id: NetworkId | None = LAB) -> Event:
    return event_of(kind, T0, network_id, "1")


def test_a_hook_without_filters_is_for_everything() -> None:
    assert a_hook().wants(an_event())
    assert a_hook().wants(an_event(EventType.USER_CREATED, None))


@pytest.mark.parametrize(
    ("filters", "event", "is_wanted"),
    [
        ({"events": frozenset({EventType.PEER_CREATED})}, an_event(), True),
        ({"events": frozenset({EventType.PEER_DELETED})}, an_event(), False),
        ({"networks": frozenset({LAB})}, an_event(), True),
        ({"networks": frozenset({OTHER})}, an_event(), False),
        ({"networks": frozenset({LAB})}, an_event(EventType.USER_CREATED, None), False),
        ({"off": SwitchedOff.FAILING}, an_event(), False),
    ],
)
def test_filters_leave_out_what_they_do_not_name(filters: dict[str, Any], event: Event, is_wanted: bool) -> None:
    assert a_hook(**filters).wants(event) is is_wanted


def test_the_secret_before_a_rotation_signs_until_the_overlap_ends() -> None:
    first, second = SealedSecret(b"1"), SealedSecret(b"2")
    hook = a_hook(secret=first).rotated(second, T0)

    assert hook.secrets(T0 + OVERLAP - SECOND) == (second, first)
    assert hook.secrets(T0 + OVERLAP) == (second,)
    assert a_hook(secret=first).secrets(T0) == (first,)


def test_of_two_rotations_in_a_row_the_first_secret_ends_at_once() -> None:
    first, second, third = (SealedSecret(bytes([number])) for number in range(3))

    assert a_hook(secret=first).rotated(second, T0).rotated(third, T0).secrets(T0) == (third, second)


def test_a_hook_is_given_up_after_three_days_of_failure() -> None:
    failing = a_hook(failing_since=T0)

    assert not failing.is_given_up(T0 + GIVEN_UP_AFTER - SECOND)
    assert failing.is_given_up(T0 + GIVEN_UP_AFTER)
    assert not a_hook().is_given_up(T0 + GIVEN_UP_AFTER)


OPERATOR = replace(ADMINISTRATOR, role=Role.OPERATOR)
AUDITOR = replace(ADMINISTRATOR, role=Role.AUDITOR)
GRANTED = replace(OPERATOR, networks=frozenset({LAB}))


@pytest.mark.parametrize("by", [OPERATOR, GRANTED, replace(ADMINISTRATOR, networks=frozenset({LAB}))])
def test_a_hook_for_the_whole_deployment_takes_who_decides_for_it(by: Principal) -> None:
    with pytest.raises(NotAllowed):
        require_reach(None, by)
    require_reach(frozenset({LAB}), by)
    require_reach(None, ADMINISTRATOR)


def test_a_hook_for_a_network_that_is_not_granted_is_refused_as_if_there_were_none() -> None:
    with pytest.raises(NetworkNotFound):
        require_reach(frozenset({LAB, OTHER}), GRANTED)


@pytest.mark.parametrize(
    ("networks", "by", "is_seen"),
    [
        (None, ADMINISTRATOR, True),
        (None, AUDITOR, True),
        (None, OPERATOR, False),
        (frozenset({LAB}), OPERATOR, True),
        (frozenset({LAB}), GRANTED, True),
        (frozenset({LAB, OTHER}), GRANTED, False),
    ],
)
def test_a_hook_is_seen_by_who_sees_all_that_it_is_for(
    networks: frozenset[NetworkId] | None, by: Principal, is_seen: bool
) -> None:
    if is_seen:
        require_sight(a_hook(networks=networks), by)
        return
    with pytest.raises(HookNotFound):
        require_sight(a_hook(networks=networks), by)
