"""A plan says when it would end the session it was asked for in."""

from ipaddress import ip_address, ip_network

import pytest

from agent.host.planned import planned
from agent.host.tunnel.difference import Memory, difference
from agent.host.tunnel.live import ABSENT
from agent.host.tunnel.steps import Firewall, ordered
from agent.host.tunnel.wanted import desired
from agent.host.way_in import Session, ends_session
from tests.agent.builders import a_bundle, a_peer, a_public_key

LAN = [ip_network("192.168.1.0/24")]
WORLD = Session(ip_address("203.0.113.7"), ip_address("192.168.1.5"))


def warnings(session: Session, allowed_ips: list[str], is_sealing: bool) -> list[str]:
    wanted = desired(a_bundle(1, [a_peer("hub", allowed_ips)], full_encapsulation=is_sealing))
    plan = difference(ABSENT, wanted, a_public_key("me"), Memory())
    steps = ordered(plan, Firewall(None, is_due=False))
    return list(ends_session(session, wanted, planned(steps, "seal" if is_sealing else None), LAN))


def test_full_encapsulation_ends_a_session_from_the_world() -> None:
    (said,) = warnings(WORLD, ["0.0.0.0/0"], is_sealing=True)

    assert "ends the SSH session from 203.0.113.7" in said


def test_a_route_to_where_the_session_comes_from_ends_it() -> None:
    (said,) = warnings(WORLD, ["10.9.0.1/32", "203.0.113.0/24"], is_sealing=False)

    assert "203.0.113.0/24 would go into the tunnel" in said


@pytest.mark.parametrize(
    ("client", "host"),
    [("192.168.1.9", "192.168.1.5"), ("10.9.0.7", "10.9.0.2"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1")],
    ids=["from the local network", "through the tunnel", "from this host", "from this host by IPv6"],
)
def test_a_session_that_goes_on_is_not_warned_of(client: str, host: str) -> None:
    assert warnings(Session(ip_address(client), ip_address(host)), ["0.0.0.0/0"], is_sealing=True) == []


def test_a_plan_that_leads_elsewhere_warns_of_nothing() -> None:
    assert warnings(WORLD, ["10.9.0.1/32", "198.51.100.0/24"], is_sealing=False) == []
