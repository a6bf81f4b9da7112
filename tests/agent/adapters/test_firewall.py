"""The agent's own table on real hosts: what cannot be looked at is not taken for gone; without nftables nothing is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.adapters.commands import Commands
from agent.adapters.device import Device
from agent.adapters.encapsulation import Encapsulation
from agent.adapters.firewall import NftFirewall
from agent.adapters.foreign import ForeignTables
from agent.adapters.tunnel import HostTunnel
from agent.errors import ToolFailed, ToolMissing
from agent.firewall.enforcing import Surroundings, table
from agent.firewall.policy import Policy
from agent.tunnel.desired import desired
from tests.agent.builders import a_bundle, a_private_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

INTERFACE = "wy00000001"
TABLE = table(Policy(), Surroundings(INTERFACE, 1420))


@dataclass(frozen=True, slots=True)
class WithoutNft(Commands):
    """`error`: what comes of asking for nft; everything else runs."""

    error: ToolFailed = field(default_factory=lambda: ToolMissing("nft is not installed"))

    def run(self, *argv: str, stdin: str = "") -> str:
        if argv[0] == "nft":
            raise self.error
        return Commands.run(self, *argv, stdin=stdin)


@pytest.fixture
def inside() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


@pytest.mark.parametrize(
    "error",
    [
        ToolMissing("nft is not installed"),
        ToolFailed("nft -j: netlink: Error: Unable to initialize Netlink socket: Protocol not supported"),
    ],
)
def test_a_regular_agent_comes_and_goes_on_a_host_without_nftables(
    inside: Namespace, tmp_path: Path, error: ToolFailed
) -> None:
    commands = WithoutNft(error=error)
    tunnel = HostTunnel(
        commands,
        INTERFACE,
        Device(commands, INTERFACE, tmp_path / "pid"),
        NftFirewall(commands, INTERFACE),
        a_private_key("me"),
        foreign=ForeignTables(commands, INTERFACE),
        encapsulation=Encapsulation(commands, INTERFACE),
    )
    wanted = desired(a_bundle())
    inside.do(lambda: tunnel.apply(wanted))
    is_settled = not inside.do(lambda: tunnel.verify(wanted)).is_changed

    inside.do(tunnel.remove)
    inside.do(tunnel.remove)

    assert is_settled
    assert INTERFACE not in inside.sh("ip link show")


def test_a_jump_on_a_host_without_nftables_says_what_is_missing(inside: Namespace) -> None:
    firewall = NftFirewall(WithoutNft(), INTERFACE)

    with pytest.raises(ToolMissing, match="nft is not installed"):
        inside.do(lambda: firewall.apply(TABLE))


def test_a_table_that_cannot_be_listed_is_not_taken_for_deleted(inside: Namespace) -> None:
    inside.do(lambda: NftFirewall(Commands(), INTERFACE).apply(TABLE))
    failing = NftFirewall(WithoutNft(error=ToolFailed(f"nft: {os.strerror(11)}")), INTERFACE)

    with pytest.raises(ToolFailed):
        inside.do(failing.remove)

    assert inside.do(NftFirewall(Commands(), INTERFACE).remove)
    assert not inside.do(NftFirewall(Commands(), INTERFACE).remove)
