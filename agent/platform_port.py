"""What an operating system must give the agent."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Protocol

from agent.core.events import Event
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.live import PeerTraffic
from agent.ports import Guard, HostFacts, Tunnel, TunnelAbilities, TunnelWatcher, Watch, WayOut


class TunnelFiles(Protocol):
    """Where what a tunnel must remember lies on the disk."""

    @property
    def settings_file(self) -> Path:
        """One for all enrolments of this host: what they changed of the host's settings."""

    def pid_file(self, interface: str) -> Path: ...

    def seal_file(self, interface: str) -> Path: ...

    def table_file(self, interface: str) -> Path: ...


@dataclass(frozen=True, slots=True)
class TunnelOptions:
    """What the operator decided. A platform without such a thing leaves it out of account.

    `nat_interfaces`: where what leaves the network is masqueraded; empty: the host's routes tell. `manages_forward`:
    other firewalls are opened to the tunnel. `allows_lan`: under full encapsulation the local network is reached
    beside the tunnel. `keeps_seal`: a seal of full encapsulation stays as it is.
    """

    nat_interfaces: tuple[str, ...] = ()
    manages_forward: bool = False
    allows_lan: bool = True
    keeps_seal: bool = False


@dataclass(frozen=True, slots=True)
class Watches:
    """`start` begins to look; until then nothing is seen."""

    watch: Watch
    tunnels: TunnelWatcher
    start: Callable[[], None]


class PlatformTunnel(Protocol):
    """One interface on one platform."""

    @property
    def tunnel(self) -> Tunnel: ...

    @property
    def abilities(self) -> TunnelAbilities: ...

    def follow_keys(self) -> Callable[[], None]:
        """Start to follow peers that change their keys.

        Returns:
            What is to be called after each change of the tunnel.
        """

    def watches(self, emit: Callable[[Event], None]) -> Watches:
        """What looks at the host and at WireGuard; all that is seen goes to `emit`."""


class Platform(Protocol):
    """One operating system."""

    @property
    def name(self) -> str:
        """As `sys.platform` has it."""

    @property
    def facts(self) -> HostFacts: ...

    def need_rights(self, command: str) -> None:
        """Raises RightsMissing: this process may not make tunnels; the message begins with the command."""

    def has_interface(self, interface: str) -> bool: ...

    def traffic(self, interface: str) -> Sequence[PeerTraffic]:
        """Of each peer. Raises ToolFailed: there is no such interface, or it cannot be asked."""

    def way_out(self, server: str, addresses: Callable[[], Mapping[str, Sequence[str]]]) -> WayOut:
        """The ways to a deployment.

        Args:
            server: its origin.
            addresses: host → where it was reached last.
        """

    def guard(self, command: Sequence[str], delay_s: float, pid_file: Path, lock: Path, is_mute: bool) -> Guard:
        """What begins a command after some time, unless it is disarmed.

        Args:
            pid_file: by which the next agent finds it.
            lock: the file that `feed` touches.
            is_mute: it holds no output of its caller open.
        """

    def tunnel(
        self,
        interface: str,
        private_key: str,
        files: TunnelFiles,
        memory: Memory,
        options: TunnelOptions,
        control_plane: Callable[[], Collection[IPv4Address | IPv6Address]],
    ) -> PlatformTunnel:
        """The tunnel of an interface, which need not be there yet.

        Args:
            private_key: base64.
            control_plane: its addresses, which are never taken for the local network's.
        """
