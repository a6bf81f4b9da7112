"""Which events a hook is for, which secrets sign, when it is given up, and who may have it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity.errors import NotAllowed
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.network import SealedSecret
from chalicelib.domain.webhook.event import EventType
from chalicelib.domain.webhook.hook import GIVEN_UP_AFTER, OVERLAP, SwitchedOff, is_seen, require_reach
from tests.builders import ADMINISTRATOR, T0, a_hook

LAB, OTHER = NetworkId("net_lab"), NetworkId("net_other")
SECOND = timedelta(seconds=1)


LAB_EVENT = (EventType.PEER_CREATED, LAB)


def test_a_hook_without_filters_is_for_everything() -> None:
    assert a_hook().wants(*LAB_EVENT)
    assert a_hook().wants(EventType.USER_CREATED, None)


@pytest.mark.parametrize(
    ("filters", "event", "is_wanted"),
    [
        ({"events": frozenset({EventType.PEER_CREATED})}, LAB_EVENT, True),
        ({"events": frozenset({EventType.PEER_DELETED})}, LAB_EVENT, False),
        ({"networks": frozenset({LAB})}, LAB_EVENT, True),
        ({"networks": frozenset({OTHER})}, LAB_EVENT, False),
        ({"networks": frozenset({LAB})}, (EventType.USER_CREATED, None), False),
        ({"off": SwitchedOff.FAILING}, LAB_EVENT, False),
    ],
)
def test_filters_leave_out_what_they_do_not_name(
    filters: dict[str, Any], event: tuple[EventType, NetworkId | None], is_wanted: bool
) -> None:
    assert a_hook(**filters).wants(*event) is is_wanted


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


@pytest.mark.parametrize(
    ("networks", "by", "expected"),
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
    networks: frozenset[NetworkId] | None, by: Principal, expected: bool
) -> None:
    assert is_seen(a_hook(networks=networks), by) is expected


def test_a_hook_that_is_switched_on_again_is_as_if_it_had_never_failed() -> None:
    failing = a_hook(failing_since=T0, off=SwitchedOff.FAILING)

    assert failing.switched(True) == a_hook()
    assert failing.switched(False) == failing
    assert a_hook().switched(False) == a_hook(off=SwitchedOff.BY_HAND)
