"""Carries out the steps of a plan on this host, one by one."""

import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.forwarding import Forwarding
from agent.adapters.linux.interface import Device
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.port_holders import taken
from agent.adapters.linux.routes import IpRoute
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.tunnel.difference import Change
from agent.host.tunnel.steps import (
    Configure,
    CreateInterface,
    EnableForwarding,
    Lay,
    LoadTable,
    Poke,
    RemovePeers,
    Step,
    StopForwarding,
)
from agent.host.tunnel.wanted import Endpoint, WantedTunnel
from agent.host.tunnel.wireguard_text import addconf

DISCARD_PORT = 9  # RFC 863


@dataclass(frozen=True, slots=True)
class StepRunner:
    """`private_key`: what `Configure` sets, base64. `tell` is given a sentence for each of the kernel's settings that
    was given back."""

    commands: Commands
    device: Device
    firewall: NftFirewall
    others: OtherFirewalls
    seal: SealKeeping
    forwarding: Forwarding
    private_key: str = field(repr=False)
    tell: Callable[[Sequence[str]], None]

    def run(self, steps: Sequence[Step], wanted: WantedTunnel, places: Mapping[Endpoint, str]) -> None:
        """Carry out every step, in order.

        Args:
            places: `ip:port` of the endpoints that have an address; a section without one is left without endpoint.

        Raises:
            ToolFailed: a step failed, and those after it were not tried. Where the listen port is not free, the
                message says who holds it.
        """
        try:
            for step in steps:
                self._do(step, wanted, places)
        except ToolFailed as failed:
            if wanted.listen_port is None or not (whose := taken(str(failed), wanted.listen_port, ["udp"])):
                raise
            raise ToolFailed(f"{failed} (listen port {wanted.listen_port}{whose})") from failed

    def remove_peers(self, public_keys: Sequence[str]) -> None:
        arguments = [word for key in public_keys for word in ("peer", key, "remove")]
        self.commands.run("wg", "set", self.device.interface, *arguments)

    def _do(self, step: Step, wanted: WantedTunnel, places: Mapping[Endpoint, str]) -> None:
        match step:
            case CreateInterface():
                self.device.create()
                self.seal.mark(wanted)
            case RemovePeers(public_keys):
                self.remove_peers(public_keys)
            case Configure(changes, sets_key, listen_port):
                text = addconf(changes, places, self.private_key if sets_key else None, listen_port)
                self.commands.run("wg", "addconf", self.device.interface, "/dev/stdin", stdin=text)
            case EnableForwarding(interfaces, has_ipv6):
                self.forwarding.enable(interfaces, has_ipv6)
            case StopForwarding():
                self.tell(self.forwarding.give_back())
            case LoadTable(table):
                self.firewall.apply(table)
                if table is None:
                    self.others.withdraw()
            case Lay(plan):
                IpRoute(self.commands, self.device.interface).carry_out(plan, kept=wanted.addresses)
            case Poke(change):
                _poke(change)
            case _:
                assert_never(step)


def _poke(change: Change) -> None:
    """Send one empty datagram to the peer, so that this side opens the handshake."""
    hosts = [prefix for prefix in change.section.allowed_ips if prefix.num_addresses == 1]
    host = min(hosts, key=lambda prefix: prefix.version, default=None)
    if host is None:
        return
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:  # the peer speaks first then
        probe.sendto(b"", (str(host.network_address), DISCARD_PORT))
