"""The agent as a process, cut off by a bundle: what is undone, by whom, and what never is."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chalicelib.wire.bundle import Bundle
from tests.agent.builders import NETWORK_ID, a_bundle, a_peer, a_public_key
from tests.agent.site import CONFIRM_S, WITHIN_S, Site, a_site, until

pytestmark = pytest.mark.root

GOOD_WAY = "172.20.0.0/16"
SWALLOWS = "203.0.113.0/24"


def a_route(revision: int, *prefixes: str, hub: str = "hub") -> Bundle:
    return a_bundle(revision, [a_peer(hub, ["10.9.0.1/32", *prefixes], endpoint="198.51.100.9:51820")])


FULL = a_bundle(2, [a_peer("hub", ["0.0.0.0/0", "::/0"], endpoint="198.51.100.9:51820")], full_encapsulation=True)


def is_full(site: Site) -> bool:
    """Whether all but the agent's own goes into the tunnel."""
    return "default" in site.host.sh("ip route show table 22361 2>/dev/null || true")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Site]:
    """With an agent whose first bundle is proved."""
    with a_site(tmp_path, a_route(1, GOOD_WAY)) as site:
        site.start()
        site.origin.wait_for(lambda: site.origin.has_applied(1), WITHIN_S)
        until(lambda: (site.state / NETWORK_ID / "bundle.jsonl").exists() and not site.trial.exists())
        yield site


def test_a_bundle_that_cuts_the_host_off_is_rolled_back_reported_and_refused_until_a_newer_one_comes(
    running: Site,
) -> None:
    site, origin = running, running.origin
    origin.change(a_route(2, GOOD_WAY, SWALLOWS, hub="other"))

    origin.wait_for(lambda: site.refusals() == [2], WITHIN_S)
    routes, peers = site.routes(), site.peers()
    site.agents[0].kill()
    site.agents[0].wait()
    site.start()  # refused across restarts too
    origin.wait_for(lambda: site.refusals() == [2, 2], WITHIN_S)
    again = site.routes()
    origin.change(a_route(3, GOOD_WAY, "172.21.0.0/16", hub="other"))
    origin.wait_for(lambda: origin.has_applied(3), WITHIN_S)

    assert (SWALLOWS in routes, GOOD_WAY in routes, peers) == (False, True, a_public_key("other"))
    assert (SWALLOWS in again, GOOD_WAY in again) == (False, True)
    assert "172.21.0.0/16" in site.routes()
    until(lambda: not site.trial.exists())


def test_the_guard_rolls_back_where_the_agent_was_killed_in_the_window(running: Site) -> None:
    site, origin = running, running.origin
    origin.change(a_route(2, GOOD_WAY, SWALLOWS))
    until(lambda: SWALLOWS in site.routes())
    site.agents[0].kill()
    site.agents[0].wait()

    origin.wait_for(lambda: site.refusals() == [2], WITHIN_S)

    assert SWALLOWS not in site.routes()
    until(lambda: not (site.state / NETWORK_ID / "guard.pid").exists())
    until(lambda: b'"refused":"rolled back' in site.trial.read_bytes())


def test_what_a_single_run_cut_off_is_rolled_back_after_it(tmp_path: Path) -> None:
    with a_site(tmp_path, a_route(1, GOOD_WAY)) as site:
        first = site.once()
        site.origin.change(a_route(2, GOOD_WAY, SWALLOWS))
        second = site.once()
        cut_off = site.routes()

        site.origin.wait_for(lambda: site.refusals() == [2], WITHIN_S)
        routes = site.routes()
        third = site.once()

    assert (first.returncode, second.returncode, third.returncode) == (0, 4, 1)
    assert "on trial" in second.stderr
    assert (SWALLOWS in cut_off, SWALLOWS in routes, GOOD_WAY in routes) == (True, False, True)
    assert "rolled back" in third.stderr


def test_a_control_plane_that_is_away_by_itself_is_not_blamed_on_the_bundle(running: Site) -> None:
    """It gives the bundle out and hears nothing any more."""
    site = running
    site.origin.after_giving = lambda bundle: site.cut()
    site.origin.change(FULL)
    until(lambda: is_full(site))
    until(lambda: not is_full(site))
    until(lambda: is_full(site))
    site.world.sh("nft delete table inet cut")

    until(lambda: not site.trial.exists())

    assert site.refusals() == []
    assert is_full(site)


def test_an_outage_that_ends_after_the_rollback_is_not_blamed_on_the_bundle(running: Site) -> None:
    site = running
    site.origin.after_giving = lambda bundle: site.cut()
    site.origin.change(FULL)
    until(lambda: is_full(site))
    until(lambda: not is_full(site))
    site.world.sh("nft delete table inet cut")

    until(lambda: not site.trial.exists())

    assert site.refusals() == []
    assert is_full(site)


def test_a_bundle_that_changes_nothing_on_the_way_to_the_control_plane_is_not_suspected(running: Site) -> None:
    site = running
    site.origin.after_giving = lambda bundle: site.cut()
    site.origin.change(a_route(2, GOOD_WAY, "172.21.0.0/16"))
    until(lambda: "172.21.0.0/16" in site.routes())

    until(lambda: not site.trial.exists())
    time.sleep(2 * float(CONFIRM_S))

    assert "172.21.0.0/16" in site.routes()


def test_a_block_and_a_removed_route_stay_in_force_through_an_outage(running: Site) -> None:
    site = running
    site.origin.change(a_route(2))
    until(lambda: GOOD_WAY not in site.routes())
    site.origin.change(msgspec.structs.replace(a_bundle(3, []), is_blocked=True))
    until(lambda: site.peers() == "")
    site.world.do(site.cut)
    time.sleep(2 * float(CONFIRM_S))

    assert (site.peers(), GOOD_WAY in site.routes()) == ("", False)
    assert not site.trial.exists()


def test_a_host_without_a_default_route_waits_with_its_judgement(running: Site) -> None:
    site, origin = running, running.origin
    origin.change(a_route(2, GOOD_WAY, SWALLOWS))
    until(lambda: SWALLOWS in site.routes())
    site.host.sh("ip route delete default && ip -6 route delete default")
    time.sleep(2 * float(CONFIRM_S))
    kept = site.routes()
    site.host.sh("ip route add default via 192.168.1.1")

    origin.wait_for(lambda: site.refusals() == [2], WITHIN_S)

    assert SWALLOWS in kept
    assert SWALLOWS not in site.routes()
