"""What Linux gives the agent: tunnels by `wg`, `ip` and `nft`, watches by netlink, a guard by a shell."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from agent.adapters.control_plane.way_out import LinuxWayOut
from agent.adapters.linux import host
from agent.adapters.linux.guard_process import GuardProcess
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.wireguard_watch import seen_now
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.live import PeerTraffic
from agent.platform_port import PlatformTunnel, TunnelFiles, TunnelOptions
from agent.ports import Guard, HostFacts, WayOut


@dataclass(frozen=True, slots=True)
class LinuxPlatform:
    name: str = "linux"

    @property
    def facts(self) -> HostFacts:
        return host.LinuxHost()

    def need_rights(self, command: str) -> None:
        host.need_rights(command)

    def has_interface(self, interface: str) -> bool:
        return host.is_there(interface)

    def traffic(self, interface: str) -> Sequence[PeerTraffic]:
        return seen_now(Commands(), interface)

    def way_out(self, server: str, addresses: Callable[[], Mapping[str, Sequence[str]]]) -> WayOut:
        return LinuxWayOut(Commands(), server, addresses)

    def guard(self, command: Sequence[str], delay_s: float, pid_file: Path, lock: Path, is_mute: bool) -> Guard:
        return GuardProcess(command, delay_s, pid_file, lock, is_mute)

    def tunnel(
        self,
        interface: str,
        private_key: str,
        files: TunnelFiles,
        memory: Memory,
        options: TunnelOptions,
        control_plane: Callable[[], Collection[IPv4Address | IPv6Address]],
    ) -> PlatformTunnel:
        from agent.adapters.platforms.linux_tunnel import linux_tunnel  # only for those who make one

        return linux_tunnel(interface, private_key, files, memory, options, control_plane)


PLATFORM = LinuxPlatform()
