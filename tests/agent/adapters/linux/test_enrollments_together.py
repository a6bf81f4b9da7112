"""Two enrolments of one host, with prefixes that both want."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.adapters.linux.routed import OTHER, left_out, route, routing
from tests.agent.tunnel_host import INTERFACE, Host

pytestmark = pytest.mark.root


@pytest.fixture
def other(host: Host, tmp_path: Path) -> Iterator[Host]:
    """Another enrolment of the same host."""
    made = Host(host.inside, tmp_path / "other", interface=OTHER)
    made.state.mkdir()
    yield made
    made.inside.do(made.tunnel.remove)


def test_of_two_enrolments_with_one_prefix_the_first_keeps_it(host: Host, other: Host) -> None:
    mine, theirs = routing("10.60.0.0/16"), routing("10.60.0.0/16", address="10.8.0.2/24")
    host.apply(mine)

    second = other.apply(theirs)
    looks = [(host.verify(mine), other.verify(theirs)) for _ in range(2)]

    assert left_out(second) == ["10.60.0.0/16"]
    assert f"another enrolment's dev {INTERFACE}" in second.conflicts[0]
    assert [(one.is_changed, two.is_changed, one.conflicts, left_out(two)) for one, two in looks] == [
        (False, False, (), ["10.60.0.0/16"])
    ] * 2
    assert INTERFACE in route(host, "10.60.0.0/16")


def test_of_two_enrolments_with_one_network_the_first_keeps_it_and_both_have_an_address(
    host: Host, other: Host
) -> None:
    mine, theirs = routing("10.9.0.1/32"), routing("10.9.0.1/32", address="10.9.0.3/24")
    host.apply(mine)

    second = other.apply(theirs)
    looks = [(host.verify(mine), other.verify(theirs)) for _ in range(2)]
    host.inside.do(host.tunnel.remove)
    alone = other.verify(theirs)

    assert left_out(second) == ["10.9.0.0/24"]
    assert [(one.is_changed, two.is_changed, one.conflicts) for one, two in looks] == [(False, False, ())] * 2
    assert alone.conflicts == ()
    assert f"10.9.0.0/24 dev {OTHER}" in host.inside.sh("ip route show")


def test_two_enrolments_that_laid_one_prefix_at_one_moment_settle_it(host: Host, other: Host) -> None:
    mine, theirs = routing("10.9.0.1/32"), routing("10.9.0.1/32", address="10.9.0.3/24")
    other.apply(theirs)
    host.apply(mine)
    host.inside.sh(f"ip address add 10.9.0.2/24 dev {INTERFACE} && ip address delete 10.9.0.2/32 dev {INTERFACE}")

    looks = [(left_out(other.verify(theirs)), left_out(host.verify(mine))) for _ in range(3)]

    assert looks == [(["10.9.0.0/24"], [])] * 3


def test_leaving_takes_no_route_of_another_away(host: Host, other: Host) -> None:
    host.apply(routing("10.60.0.0/16"))
    other.apply(routing("10.60.0.0/16", "10.61.0.0/16", address="10.8.0.2/24"))

    other.inside.do(other.tunnel.remove)

    assert INTERFACE in route(host, "10.60.0.0/16")
