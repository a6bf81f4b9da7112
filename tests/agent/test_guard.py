"""The agent as a process, cut off by a bundle: what is undone, by whom, and what never is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from agent.enrollment import interface_name
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_public_key
from tests.agent.namespace import Namespace
from tests.agent.origin import Origin

pytestmark = pytest.mark.root

INTERFACE = interface_name(NETWORK_ID, PEER_ID)
ROOT = Path(__file__).parents[2]
PLANE = "203.0.113.1"
CONFIRM_S = "5"
WITHIN_S = 90.0  # of windows, calls that hang, and a busy machine

CUT = f"""
table inet cut {{
  chain input {{ type filter hook input priority 0; ip daddr {PLANE} drop; }}
}}
"""
GOOD_WAY = "172.20.0.0/16"
SWALLOWS = "203.0.113.0/24"


def a_route(revision: int, *prefixes: str, hub: str = "hub") -> Bundle:
    return a_bundle(revision, [a_peer(hub, ["10.9.0.1/32", *prefixes], endpoint="198.51.100.9:51820")])


@dataclass
class Site:
    """A host behind a gateway, through which it reaches the control plane."""

    host: Namespace
    world: Namespace
    origin: Origin
    state: Path
    agents: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "agent", "run", "--insecure", "--state-dir", str(self.state)]
        with (self.state / "log").open("a") as log:
            agent = self.host.do(
                lambda: subprocess.Popen(
                    [*command, "--confirm-within", CONFIRM_S, "--log-format", "json"], cwd=ROOT, stderr=log, text=True
                )
            )
        self.agents.append(agent)
        return agent

    def routes(self) -> str:
        return self.host.sh(f"ip route show dev {INTERFACE}")

    def peers(self) -> str:
        return self.host.sh(f"wg show {INTERFACE} peers 2>/dev/null || true").strip()

    def cut(self) -> None:
        """Called in the world's namespace: from now on the control plane hears nothing."""
        subprocess.run(["nft", "-f", "-"], input=CUT, text=True, check=True)

    def refusals(self) -> list[int]:
        return [report.revision for report in self.origin.applied() if not report.ok]

    @property
    def trial(self) -> Path:
        return self.state / NETWORK_ID / "trial.json"

    def end(self) -> None:
        for agent in self.agents:
            agent.kill()
            agent.wait()
        for pid_file in [*self.state.glob("*/guard.pid"), *self.state.glob("*/*.pid")]:
            pid = int(pid_file.read_text())
            if pid_file.name == "guard.pid":
                os.killpg(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Namespace() as host, Namespace() as world:
        thread = world.do(lambda: Path("/proc/thread-self").readlink().name)
        host.sh(f"ip link add eth0 type veth peer name eth0 netns {thread}")
        world.sh(f"ip address add 192.168.1.1/24 dev eth0 && ip link set eth0 up && ip address add {PLANE}/32 dev lo")
        host.sh("ip address add 192.168.1.2/24 dev eth0 && ip link set eth0 up && ip route add default via 192.168.1.1")
        origin = Origin(NETWORK_ID, PEER_ID, bundle=a_route(1, GOOD_WAY), address=PLANE)
        world.do(origin.__enter__)
        made = Site(host, world, origin, tmp_path)
        enroll = [sys.executable, "-m", "agent", "enroll", "--insecure", "--server", origin.url, "--token", "token"]
        host.do(lambda: subprocess.run([*enroll, "--state-dir", str(tmp_path)], cwd=ROOT, check=True))
        try:
            yield made
        finally:
            made.end()
            origin.__exit__()
            print((tmp_path / "log").read_text())


@pytest.fixture
def running(site: Site) -> Site:
    """With an agent whose first bundle is proved."""
    site.start()
    site.origin.wait_for(lambda: site.origin.has_applied(1), WITHIN_S)
    until(lambda: (site.state / NETWORK_ID / "bundle.jsonl").exists() and not site.trial.exists())
    return site


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not claim():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


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
    assert b'"refused":"rolled back' in site.trial.read_bytes()


def test_a_control_plane_that_is_away_by_itself_is_not_blamed_on_the_bundle(running: Site) -> None:
    """It gives the bundle out and hears nothing any more."""
    site = running
    site.origin.after_giving = lambda bundle: site.cut()
    site.origin.change(a_route(2, GOOD_WAY, "172.21.0.0/16"))
    until(lambda: "172.21.0.0/16" in site.routes())
    until(lambda: "172.21.0.0/16" not in site.routes())
    until(lambda: "172.21.0.0/16" in site.routes())
    site.world.sh("nft delete table inet cut")

    until(lambda: not site.trial.exists())

    assert site.refusals() == []
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
    site.host.sh("ip route delete default")
    time.sleep(2 * float(CONFIRM_S))
    kept = site.routes()
    site.host.sh("ip route add default via 192.168.1.1")

    origin.wait_for(lambda: site.refusals() == [2], WITHIN_S)

    assert SWALLOWS in kept
    assert SWALLOWS not in site.routes()
