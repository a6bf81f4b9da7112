"""The agent's own table on real hosts: what cannot be looked at is not taken for gone; without nftables nothing is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.interface import Device
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.errors import ToolFailed, ToolMissing
from agent.host.firewall.policy import Policy
from agent.host.firewall.ruleset import Surroundings, table
from agent.host.tunnel.wanted import desired
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
        others=OtherFirewalls(ForeignTables(commands, INTERFACE)),
        seal=SealKeeping(Encapsulation(commands, INTERFACE)),
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


@dataclass(frozen=True, slots=True)
class WithoutNamespaces(Commands):
    """As under the shipped unit; `ran` keeps what ran."""

    ran: list[str] = field(default_factory=list)

    def run(self, *argv: str, stdin: str = "") -> str:
        self.ran.append(" ".join(argv))
        if argv[0] == "unshare":
            raise ToolFailed("unshare: Operation not permitted")
        return Commands.run(self, *argv, stdin=stdin)


WITH_PEERS = table(Policy(), Surroundings(INTERFACE, 1420, frozenset({ip_network("10.9.0.1/32")})))


@pytest.mark.parametrize(
    ("harm", "loads"),
    [
        ("true", 0),
        (f"nft add element inet {INTERFACE} localv4 {{ 10.9.0.77 }}", 1),
        (f"nft flush chain inet {INTERFACE} input", 1),
        (f"nft insert rule inet {INTERFACE} forward accept", 1),
        (f"nft delete table inet {INTERFACE}", 1),
    ],
)
def test_the_next_agent_takes_the_table_over_also_where_it_may_make_no_copy(
    inside: Namespace, tmp_path: Path, harm: str, loads: int
) -> None:
    commands, file = WithoutNamespaces(), tmp_path / "table"
    inside.do(lambda: NftFirewall(commands, INTERFACE, file).apply(WITH_PEERS))
    before = inside.sh(f"nft list table inet {INTERFACE}")
    inside.sh(harm)
    commands.ran.clear()
    heir = NftFirewall(commands, INTERFACE, file)

    is_different = inside.do(lambda: heir.differs(WITH_PEERS))
    inside.do(heir.verify)
    inside.do(lambda: heir.adopt(WITH_PEERS))
    inside.do(lambda: heir.apply(WITH_PEERS))

    assert (is_different, commands.ran.count("nft -f -")) == (bool(loads), loads)
    assert inside.sh(f"nft list table inet {INTERFACE}") == before


def test_another_table_than_the_marked_one_is_loaded(inside: Namespace, tmp_path: Path) -> None:
    commands, file = WithoutNamespaces(), tmp_path / "table"
    inside.do(lambda: NftFirewall(commands, INTERFACE, file).apply(WITH_PEERS))
    other = table(Policy(), Surroundings(INTERFACE, 1280, frozenset({ip_network("10.9.0.1/32")})))
    heir = NftFirewall(commands, INTERFACE, file)

    inside.do(lambda: heir.adopt(other))

    assert inside.do(lambda: heir.apply(other))
    assert "maxseg size set 1240" in inside.sh(f"nft list table inet {INTERFACE}")
    inside.do(heir.remove)
    assert not file.exists()
