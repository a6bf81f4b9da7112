"""A running agent and what others do to its host: healed long before its own look of each minute, and then still."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from time import monotonic, sleep

import pytest

from tests.agent.builders import NETWORK_ID, a_bundle, a_peer
from tests.agent.site import INTERFACE, Site, a_site, until

pytestmark = pytest.mark.root

NOTICED_WITHIN_S = 20.0  # its own look comes after 54 s at the earliest
STILL_S = 3.0
JUMP = a_bundle(
    peers=[a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])],
    addresses=["10.9.0.1/24", "fd00:9::1/64"],
    listen_port=41000,
    forward=True,
)
TOOL = """#!/bin/sh
echo "$@" >> {ran}
exec {real} "$@"
"""


@dataclass
class Standing:
    """A jump that has settled. `ran`: what its agent asked of `ip`, a line each."""

    site: Site
    ran: Path

    def made(self) -> str:
        """All that an agent makes of its host, without numbers that the kernel gives anew."""
        try:
            return self.site.host.sh(
                f"ip -br address show dev {INTERFACE} scope global;"
                f"ip link show {INTERFACE} | grep -o 'UP.*mtu [0-9]*';"
                f"ip route show proto 87; nft -s list table inet {INTERFACE} | sort;"
                f"cat /proc/sys/net/ipv4/conf/{INTERFACE}/forwarding /proc/sys/net/ipv6/conf/all/forwarding;"
                f"wg show {INTERFACE} listen-port; wg show {INTERFACE} allowed-ips"
            )
        except CalledProcessError:
            return "nothing"

    def is_still(self) -> bool:
        """Whether the agent looks at nothing for a while."""
        before = self.ran.read_text()
        sleep(STILL_S)
        return self.ran.read_text() == before


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One jump for all the tests, which follow each other on it."""
    state, tools = tmp_path_factory.mktemp("state"), tmp_path_factory.mktemp("tools")
    ran = tools / "ran"
    (tools / "ip").write_text(TOOL.format(ran=ran, real=shutil.which("ip")))
    (tools / "ip").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch, a_site(state, JUMP) as site:
        patch.setenv("PATH", str(tools), prepend=":")
        site.start()
        made = Standing(site, ran)
        until(lambda: "172.20.0.0/16" in made.made() and bool(site.origin.applied()))
        until(made.is_still)
        yield made


@pytest.mark.parametrize(
    "harm",
    [
        "nft flush ruleset",
        f"ip address flush dev {INTERFACE}",
        f"ip link set {INTERFACE} down",
        f"ip address flush dev {INTERFACE}; ip link set {INTERFACE} down",
        f"ip link delete {INTERFACE}",
        f"ip route flush proto 87 dev {INTERFACE}",
        "sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.ipv4.ip_forward=0",
        "sysctl -qw net.ipv6.conf.all.forwarding=0",
        "kill -KILL $(cat PID_FILE)",
    ],
)
def test_what_others_do_to_its_host_is_healed_without_waiting_for_the_next_look(standing: Standing, harm: str) -> None:
    before, began_s = standing.made(), monotonic()
    pid_file = next((standing.site.state / NETWORK_ID).glob("*.pid"))

    standing.site.host.sh(harm.replace("PID_FILE", str(pid_file)))
    harmed = standing.made()
    until(lambda: standing.made() == before)
    took_s = monotonic() - began_s
    until(standing.is_still)

    assert harmed != before
    assert took_s < NOTICED_WITHIN_S
