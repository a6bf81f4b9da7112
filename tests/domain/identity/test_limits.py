"""Which calls are counted together."""

from datetime import timedelta

import pytest

from chalicelib.domain.identity.limits import Limit, counted, subject_of
from tests.builders import T0


def test_a_minute_of_the_clock_is_counted_together() -> None:
    minute = T0.replace(second=0, microsecond=0)

    assert counted(Limit.WRITES, "a", minute) == counted(Limit.WRITES, "a", minute + timedelta(seconds=59.9))
    assert counted(Limit.WRITES, "a", minute).until == counted(Limit.WRITES, "a", minute + timedelta(seconds=60)).since


@pytest.mark.parametrize(
    ("source", "subject"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("no address", "no address"),
    ],
)
def test_an_address_of_ipv6_stands_for_the_network_its_host_may_choose_from(source: str, subject: str) -> None:
    assert subject_of(source) == subject
