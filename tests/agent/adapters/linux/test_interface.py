"""The life of the interface: a tool that fails is no proof that it is gone, and what is gone is made anew."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.adapters.linux import interface as device
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.errors import ToolFailed
from agent.host.tunnel.wanted import desired
from tests.agent.builders import a_bundle, a_private_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

INTERFACE = "wy00000001"
BUNDLE = a_bundle()


@dataclass(frozen=True, slots=True)
class Failing(Commands):
    """Runs for real; `fails` says how often yet a command that begins so does not even start."""

    fails: dict[tuple[str, ...], int] = field(default_factory=dict)

    def run(self, *argv: str, stdin: str = "") -> str:
        for start, left in self.fails.items():
            if argv[: len(start)] == start and left:
                self.fails[start] = left - 1
                raise ToolFailed(f"{argv[0]}: BlockingIOError")  # fork: EAGAIN
        return Commands.run(self, *argv, stdin=stdin)


@dataclass
class Host:
    inside: Namespace
    state: Path
    commands: Failing = field(default_factory=Failing)

    def __post_init__(self) -> None:
        self.device = Device(self.commands, INTERFACE, self.state / "pid")
        firewall = NftFirewall(self.commands, INTERFACE)
        self.tunnel = HostTunnel(self.commands, INTERFACE, self.device, firewall, a_private_key("me"))

    def verify(self) -> bool:
        return self.inside.do(lambda: self.tunnel.verify(desired(BUNDLE))).is_changed

    def identity(self) -> tuple[str, str]:
        """Which process carries the interface, and which interface it is."""
        return (self.state / "pid").read_text(), self.inside.sh(f"ip -o link show dev {INTERFACE}").split(":")[0]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Namespace() as inside:
        made = Host(inside, tmp_path)
        yield made
        made.commands.fails.clear()
        inside.do(made.tunnel.remove)


@pytest.mark.parametrize("command", [("wg", "show"), ("ip",), ("nft", "-j", "list")])
def test_a_tool_that_fails_leaves_the_interface_as_it_is_and_the_next_look_is_content(
    host: Host, command: tuple[str, ...]
) -> None:
    host.verify()
    before = host.identity()

    host.commands.fails[command] = 2
    with pytest.raises(ToolFailed):
        host.verify()
    host.commands.fails.clear()

    assert not host.verify()
    assert host.identity() == before


def test_a_daemon_whose_socket_was_taken_away_is_replaced(host: Host) -> None:
    host.verify()
    before = host.identity()
    host.inside.sh(f"rm /run/wireguard/{INTERFACE}.sock")

    assert host.verify()

    assert host.identity() != before
    assert not host.verify()
    with pytest.raises(ProcessLookupError):
        os.kill(int(before[0]), 0)


def test_an_interface_that_no_process_carries_is_not_touched_when_wireguard_does_not_answer(host: Host) -> None:
    """So looks the kernel's WireGuard, when `wg` fails."""
    host.inside.sh(f"ip link add {INTERFACE} type veth peer name other")
    before = host.inside.sh(f"ip -o link show dev {INTERFACE}")

    with pytest.raises(ToolFailed):
        host.verify()

    assert host.inside.sh(f"ip -o link show dev {INTERFACE}") == before


def test_without_wireguard_in_the_kernel_it_is_said_what_wireguard_go_lacks(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(device, "TUN", tmp_path / "net" / "tun")
    host.inside.sh("mount -t tmpfs tmpfs /dev/net")

    with pytest.raises(ToolFailed, match="needs /dev/net/tun: load the module tun, or pass the device in"):
        host.verify()
