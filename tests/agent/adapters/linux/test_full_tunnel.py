"""Full encapsulation on a real host: what goes into the tunnel, what never leaves beside it, and how it ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.seal_keeping import SealKeeping
from tests.agent.builders import a_tombstone
from tests.agent.encapsulated import ASK_BY_INTERFACE, INTERNET, INTERNET_6, SEAL, Encapsulated, applications, full
from tests.agent.namespace import Namespace
from tests.agent.site import INTERFACE, WITHIN_S, a_site, until
from tests.agent.tunnel_host import INTERFACE as TUNNEL
from tests.agent.tunnel_host import Host


@pytest.fixture
def encapsulated(tmp_path: Path) -> Iterator[Encapsulated]:
    with a_site(tmp_path, full(1)) as site:
        made = Encapsulated(site)
        made.raise_hub()
        made.trust_host()
        try:
            yield made
        finally:
            site.world.sh("ip link delete hub0 || true")


@pytest.fixture
def running(encapsulated: Encapsulated) -> Encapsulated:
    encapsulated.site.start()
    encapsulated.site.origin.wait_for(lambda: encapsulated.site.origin.has_applied(1), WITHIN_S)
    until(lambda: encapsulated.reaches(INTERNET))
    return encapsulated


@pytest.mark.root
def test_all_goes_through_the_jump_and_nothing_beside_it_whatever_becomes_of_the_tunnel(running: Encapsulated) -> None:
    site, host = running.site, running.site.host
    running.ask("192.168.1.1")
    inside = running.count("answered_inside")
    running.try_all()
    with_jump = (running.count("leaked"), running.count("asked"), running.reaches("192.168.1.1"))
    seen = running.reaches("fd11::1")

    site.world.sh("ip link set hub0 down")
    running.try_all()
    running.change(full(2))  # the control plane is still reached
    without_jump = (running.count("leaked"), running.count("asked"), running.reaches("192.168.1.1"))

    running.change(msgspec.structs.replace(full(3), is_blocked=True, peers=[]))
    running.try_all()
    blocked = (running.count("leaked"), running.count("asked"), running.reaches("192.168.1.1"))

    running.change(full(4))
    host.sh(f"ip link delete {INTERFACE}")
    running.try_all()
    without_interface = (running.count("leaked"), running.count("asked"))

    site.world.sh("ip link set hub0 up")
    running.change(full(5, ["10.9.0.1/32"], is_full=False))
    opened = (running.reaches(INTERNET), running.reaches(INTERNET_6))
    running.try_all()
    counts = (running.count("leaked") > 0, running.count("asked") > 0)

    assert (inside, seen) == (1, True)
    assert with_jump == without_jump == blocked == (0, 0, True)
    assert without_interface == (0, 0)
    assert opened == counts == (True, True)
    assert "22361" not in running.rules()
    assert "_seal" not in running.rules()


@pytest.mark.root
@pytest.mark.parametrize("resolver", ["192.168.1.1", "198.51.100.53"])
def test_a_resolver_of_an_interface_is_not_asked_but_the_jumps_is(running: Encapsulated, resolver: str) -> None:
    inside = running.count("answered_inside")

    running.site.host.sh(f"python3 -c '{ASK_BY_INTERFACE}' {resolver}")

    until(lambda: running.count("answered_inside") == inside + 1)
    assert running.count("asked") == 0


@pytest.mark.root
def test_what_was_done_to_it_is_healed_at_once_by_the_next_start(running: Encapsulated) -> None:
    site, host = running.site, running.site.host
    before = running.all_of_it()
    harms = (
        "ip rule delete priority 22361; ip -6 rule delete priority 22360",
        "ip route flush table 22361",
        f"nft flush table inet {SEAL}",
        f"nft delete table inet {SEAL}",
        f"wg set {INTERFACE} fwmark off",
    )
    for number, harm in enumerate(harms, start=2):
        site.agents[-1].kill()
        site.agents[-1].wait()
        host.sh(harm)
        site.start()
        until(lambda: len(applications(site)) == number)  # noqa: B023
        assert running.all_of_it() == before, harm

    assert all(part in before for part in (f"default dev {INTERFACE}", "0x5759", "unreachable default", "drop"))
    assert running.reaches(INTERNET)


@pytest.mark.root
def test_a_fresh_look_at_an_encapsulated_host_changes_nothing_and_turning_it_off_opens_last(tmp_path: Path) -> None:
    bundle = full(1)
    with Namespace() as inside:
        host = Host(inside, tmp_path)
        host.tunnel.seal = SealKeeping(Encapsulation(host.commands, TUNNEL))
        host.apply(bundle)

        looked = host.verify(bundle)
        again = host.apply(bundle)
        ran = list(host.commands.ran)
        host.apply(full(2, ["10.9.0.1/32"], is_full=False))
        off = list(host.commands.ran)
        inside.do(host.tunnel.remove)
        inside.do(host.tunnel.remove)

    assert (looked.is_changed, again.is_changed, ran) == (False, False, [])
    assert off[-2:] == [f"nft delete table inet {TUNNEL}_seal", f"wg set {TUNNEL} fwmark off"]
    assert [command for command in off if "-batch" in command] != []


@pytest.mark.root
def test_after_a_boot_without_jump_and_control_plane_nothing_leaves_and_a_deletion_opens_all(
    running: Encapsulated,
) -> None:
    site = running.site
    site.agents[0].kill()
    site.agents[0].wait()
    pid = next((site.state / "net_1").glob("wy*.pid"))
    os.kill(int(pid.read_text()), signal.SIGKILL)
    site.host.sh(f"ip rule delete priority 22361; ip rule delete priority 22360; nft delete table inet {SEAL}")
    site.host.sh("ip -6 rule delete priority 22361; ip -6 rule delete priority 22360; rm -rf /run/wireguard/*")
    site.world.sh("ip link set hub0 down")
    site.origin.stop()

    site.start()
    until(lambda: "_seal" in running.rules() and "22361" in running.rules())
    running.try_all()
    leaked = running.count("leaked")
    site.origin.tombstone = a_tombstone()
    site.origin.restart()

    assert site.agents[-1].wait(WITHIN_S) == 3
    assert leaked == 0
    assert running.reaches(INTERNET)
    assert "_seal" not in running.rules()


@pytest.mark.root
def test_a_second_enrolment_with_full_encapsulation_is_refused_and_says_so(encapsulated: Encapsulated) -> None:
    site = encapsulated.site
    site.host.sh("nft add table inet wy00000000_seal")

    site.start()
    site.origin.wait_for(lambda: site.origin.applied(), WITHIN_S)

    error = site.origin.applied()[0].error or ""
    assert "wy00000000" in error
    assert "only one can" in error
    assert "22361" not in encapsulated.rules()
