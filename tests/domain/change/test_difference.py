"""What of a network is other, and how the change log writes it."""

from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any

import pytest

from chalicelib.domain.change.difference import (
    SAME,
    Changed,
    NetworkDifference,
    difference,
    difference_of,
    texts_of,
)
from chalicelib.domain.network.addresses import AddressRange, Reservation, Span
from tests.builders import T0, a_jump, a_network

LAB = a_network(dns=("9.9.9.9",), reserved=(Reservation(Span(20, 29), "printers"),))
RESERVED = replace(LAB, reserved=(*LAB.reserved, Reservation(Span(4, 5))))
JUMPS = frozenset({a_jump(1).id, a_jump(4).id})
RANGE = AddressRange(IPv4Address("10.0.0.4"), IPv4Address("10.0.0.5"))

CASES: dict[str, tuple[dict[str, Any], Changed[Any], tuple[str, str]]] = {
    "name": ({"name": "other"}, Changed("lab", "other"), ("lab", "other")),
    "cidr": (
        {"cidr": IPv4Network("10.9.0.0/24")},
        Changed(LAB.cidr, IPv4Network("10.9.0.0/24")),
        ("10.0.0.0/24", "10.9.0.0/24"),
    ),
    "cidr_v6": (
        {"cidr_v6": IPv6Network("fd00::/64")},
        Changed(None, IPv6Network("fd00::/64")),
        ("", "fd00::/64"),
    ),
    "domain": ({"domain": "b.example"}, Changed("lab.internal", "b.example"), ("lab.internal", "b.example")),
    "dns": ({"dns": ("1.1.1.1", "a.b")}, Changed(("9.9.9.9",), ("1.1.1.1", "a.b")), ("9.9.9.9", "1.1.1.1, a.b")),
    "epoch": ({"epoch": 2}, Changed(1, 2), ("1", "2")),
    "down": ({"down": JUMPS}, Changed(frozenset(), JUMPS), ("", "jmp_0001 jmp_0004")),
    "reserved": ({"reserved": RESERVED.reserved}, Changed((), (RANGE,)), ("", "10.0.0.4-10.0.0.5")),
    "acl": ({"acl_version": 1}, Changed(0, 1), ("", "version 1")),
    "is_deleting": ({"is_deleting": True}, Changed(False, True), ("false", "true")),
}


@pytest.mark.parametrize("name", CASES)
def test_each_field_that_is_other_is_said_in_values_and_in_text(name: str) -> None:
    changes, changed, texts = CASES[name]
    found = difference(LAB, replace(LAB, **changes))

    assert found == replace(SAME, **{name: changed})
    assert texts_of(found) == {name: texts}
    assert difference_of(texts_of(found)) == found


@pytest.mark.parametrize("name", CASES)
def test_the_way_back_is_said_the_other_way_round(name: str) -> None:
    changes, changed, (before, after) = CASES[name]
    found = difference(replace(LAB, **changes), LAB)

    assert found == replace(SAME, **{name: Changed(changed.after, changed.before)})
    assert difference_of({name: (after, before)}) == found


def test_every_field_has_a_case() -> None:
    assert CASES.keys() == {one.name for one in fields(NetworkDifference)}


def test_a_later_revision_is_no_other_network() -> None:
    assert difference(LAB, LAB.advanced(T0)) == SAME
    assert texts_of(SAME) == {}


def test_a_reservation_stays_the_same_when_the_range_moves() -> None:
    moved = replace(LAB, cidr=IPv4Network("10.9.0.0/24"))

    assert difference(LAB, moved).reserved is None
