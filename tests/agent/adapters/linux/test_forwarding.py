"""What a jump changes of its kernel: no more than it needs, and given back unless somebody wants it by now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.linux import kernel_settings
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed, ToolMissing
from tests.agent.adapters.linux.host_between import JUMP, OFF, ONE, OTHER, REGULAR, Host, a_host_between
from tests.agent.builders import a_bundle

pytestmark = pytest.mark.root


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with a_host_between(tmp_path) as made:
        yield made


def test_a_jump_switches_on_what_it_needs_and_leaving_gives_it_back(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    running, own = host.settings(), host.value(f"ipv4/conf/{ONE}/forwarding")
    is_settled = not host.verify(tunnel, JUMP)

    given_back = host.inside.do(tunnel.remove)

    assert running == {**OFF, "ipv4/conf/lan0/forwarding": "1", "ipv6/conf/all/forwarding": "1"}
    assert (own, is_settled) == ("1", True)
    assert host.settings() == OFF
    assert given_back == (
        "net.ipv4.conf.lan0.forwarding is 0 again",
        "net.ipv6.conf.all.forwarding is 0 again",
    )
    assert not (host.state / "settings.json").exists()


def test_the_host_is_no_router_between_its_other_networks_unless_somebody_makes_it_one(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    before = host.reached_by_others()
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        host.set(name, "1")
    is_changed = host.verify(tunnel, JUMP)
    after = host.reached_by_others()
    given_back = host.inside.do(tunnel.remove)

    assert (before, is_changed, after) == ([False] * 4, True, [True] * 4)
    assert host.reached_by_others() == after
    assert given_back == (
        "net.ipv4.conf.lan0.forwarding stays 1: somebody else set it since",
        "net.ipv6.conf.all.forwarding stays 1: somebody else set it since",
    )


def test_a_host_that_was_a_router_before_stays_one_all_the_time(host: Host) -> None:
    host.set("ipv4/ip_forward", "1")
    host.set("ipv6/conf/all/forwarding", "1")
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    running = host.reached_by_others()

    given_back = host.inside.do(tunnel.remove)

    assert running == host.reached_by_others() == [True] * 4
    assert set(host.settings().values()) == {"1"}
    assert given_back == ()


def test_another_process_gives_back_what_the_killed_one_changed(host: Host) -> None:
    host.verify(host.tunnel(), JUMP)
    host.verify(host.tunnel(), JUMP)

    host.inside.do(host.tunnel().remove)

    assert host.settings() == OFF


def test_who_is_no_longer_a_jump_gives_it_back_and_keeps_the_tunnel(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)

    host.verify(tunnel, REGULAR)

    assert host.settings() == OFF
    assert host.value(f"ipv4/conf/{ONE}/forwarding") == "0"
    assert not host.verify(tunnel, REGULAR)


@pytest.mark.parametrize("harm", ["nft flush ruleset", f"ip link delete {ONE}"])
def test_it_is_given_back_whatever_others_did(host: Host, harm: str) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    host.inside.sh(harm)

    host.inside.do(tunnel.remove)

    assert host.settings() == OFF


def test_it_is_given_back_where_nft_is_gone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.verify(host.tunnel(), JUMP)
    run = Commands.run

    def without_nft(commands: Commands, *argv: str, stdin: str = "") -> str:
        if argv[0] == "nft":
            raise ToolMissing("nft is not installed")
        return run(commands, *argv, stdin=stdin)

    with monkeypatch.context() as patched:
        patched.setattr(Commands, "run", without_nft)
        host.inside.do(host.tunnel().remove)

    assert host.settings() == OFF


def test_of_two_jumps_on_one_host_the_last_gives_it_back(host: Host) -> None:
    one, other = host.tunnel(ONE), host.tunnel(OTHER)
    host.verify(one, JUMP)
    theirs = a_bundle(peers=[], addresses=["10.8.0.1/24", "fd08::1/64"], firewall=JUMP.firewall)
    host.verify(other, theirs)

    given_back = host.inside.do(one.remove)
    beside, is_untouched = host.settings(), not host.verify(other, theirs)
    host.inside.do(other.remove)

    assert beside == {**OFF, "ipv4/conf/lan0/forwarding": "1", "ipv6/conf/all/forwarding": "1"}
    assert f"net.ipv4.conf.lan0.forwarding stays 1: {OTHER} needs it" in given_back
    assert is_untouched
    assert host.settings() == OFF


def test_what_a_boot_before_this_one_changed_is_the_operators_now(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host.verify(host.tunnel(), JUMP)
    boot = tmp_path / "boot_id"
    boot.write_text("another\n")
    monkeypatch.setattr(kernel_settings, "BOOT_ID", boot)

    host.inside.do(host.tunnel().remove)

    assert host.settings()["ipv4/conf/lan0/forwarding"] == "1"


def test_routers_of_the_host_are_heard_as_before(host: Host) -> None:
    host.set("ipv6/conf/far0/accept_ra", "1")
    names = ("ipv6/conf/far0/accept_ra", "ipv6/conf/far0/forwarding", "ipv6/conf/default/forwarding")
    before = [host.value(name) for name in names]
    tunnel = host.tunnel()

    host.verify(tunnel, JUMP)
    running = [host.value(name) for name in names]
    host.inside.do(tunnel.remove)

    assert running == before == [host.value(name) for name in names] == ["1", "0", "0"]


def test_a_disk_that_is_full_costs_the_memory_and_not_the_jump(host: Host) -> None:
    (host.state / "full").touch()
    settings = KernelSettings(ONE, host.state / "full" / "settings.json")

    host.inside.do(lambda: settings.make("ipv4/conf/lan0/forwarding", "1"))

    assert host.value("ipv4/conf/lan0/forwarding") == "1"


def test_a_setting_that_cannot_be_written_is_named(host: Host) -> None:
    host.inside.sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys")

    with pytest.raises(ToolFailed, match="/forwarding cannot be set to 1: is /proc/sys writable here"):
        host.verify(host.tunnel(), JUMP)

    host.inside.sh("umount /proc/sys")


def test_the_mark_of_full_encapsulation_is_given_back(host: Host) -> None:
    tunnel, mark = host.tunnel(), "ipv4/conf/all/src_valid_mark"
    full = a_bundle(addresses=["10.9.0.1/24"], full_encapsulation=True)
    host.verify(tunnel, full)
    sealed = host.value(mark)
    host.verify(tunnel, a_bundle(addresses=["10.9.0.1/24"]))
    unsealed = host.value(mark)
    host.verify(tunnel, full)

    given_back = host.inside.do(tunnel.remove)

    assert (sealed, unsealed, host.value(mark)) == ("1", "0", "0")
    assert "net.ipv4.conf.all.src_valid_mark is 0 again" in given_back
