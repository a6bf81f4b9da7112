"""A tunnel on Linux and all that watches it, put together."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from agent.adapters.linux import host
from agent.adapters.linux.echo_watch import TunnelWatch
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.host_watch import HostWatch
from agent.adapters.linux.interface import Device
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.key_in_use import KeyInUse
from agent.adapters.linux.key_watch import Changeover
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.peer_endpoints import PeerEndpoints
from agent.adapters.linux.psk_recovery import PskRecovery
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.seals import ReadySeal
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.adapters.linux.whereabouts import Whereabouts
from agent.adapters.linux.wireguard_watch import WireGuardWatch
from agent.core.events import Event
from agent.host.tunnel.difference import Memory
from agent.platform_port import TunnelFiles, TunnelOptions, Watches
from agent.ports import TunnelAbilities


@dataclass(frozen=True, slots=True)
class LinuxTunnel:
    """`minds_others`: it opens the tables of other firewalls, so that their changes concern it."""

    tunnel: HostTunnel
    minds_others: bool

    @property
    def abilities(self) -> TunnelAbilities:
        made = self.tunnel
        return TunnelAbilities(drift_repair=made, peer_reset=made, key_change=made, sightings=made)

    def follow_keys(self) -> Callable[[], None]:
        changeover = Changeover(KeyInUse(self.tunnel), PskRecovery(self.tunnel))
        changeover.start()
        return changeover.wake

    def watches(self, emit: Callable[[Event], None]) -> Watches:
        made, endpoints = self.tunnel, PeerEndpoints(self.tunnel)
        whereabouts = Whereabouts(endpoints)
        watch = WireGuardWatch(Commands(), made.interface, host.LinuxHost(), emit, lost=whereabouts.lost, met=made.meet)
        tunnels = TunnelWatch(made.interface, emit, met_at=endpoints.met_at, lost=whereabouts.lost_at)
        changes = HostWatch(made.interface, emit, made.commands.has_run, self.minds_others)

        def start() -> None:
            for part in (watch, tunnels, whereabouts, changes):
                part.start()

        return Watches(watch, tunnels, start)


def linux_tunnel(
    interface: str,
    private_key: str,
    files: TunnelFiles,
    memory: Memory,
    options: TunnelOptions,
    control_plane: Callable[[], Collection[IPv4Address | IPv6Address]],
) -> LinuxTunnel:
    """As `Platform.tunnel` says."""
    commands, kernel = Commands(), KernelSettings(interface, files.settings_file)
    encapsulation = Encapsulation(
        commands,
        interface,
        settings=kernel,
        ready=ReadySeal(files.seal_file(interface)),
        allows_lan=options.allows_lan,
        control_plane=control_plane,
    )
    made = HostTunnel(
        commands=commands,
        interface=interface,
        device=Device(commands, interface, files.pid_file(interface)),
        firewall=NftFirewall(commands, interface, files.table_file(interface)),
        private_key=private_key,
        memory=memory,
        nat_interfaces=options.nat_interfaces,
        others=OtherFirewalls(ForeignTables(commands, interface, is_managed=options.manages_forward)),
        seal=SealKeeping(None if options.keeps_seal else encapsulation),
        settings=kernel,
    )
    return LinuxTunnel(made, options.manages_forward)
