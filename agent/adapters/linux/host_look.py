"""Looks at what the host has of a tunnel: its interface, peers, addresses and routes; changes nothing."""

from dataclasses import dataclass

from agent.adapters.linux.interface import Device
from agent.adapters.linux.routes import IpRoute
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed, ToolMissing
from agent.host.tunnel.live import ABSENT, HostTunnelState
from agent.host.tunnel.route_conflicts import HostRoutes
from agent.host.tunnel.wireguard_text import Dump, parse_dump


@dataclass(frozen=True, slots=True)
class Looked:
    """`host`: routes of others. `dump`: what WireGuard says of the peers; None: nobody answers for the interface."""

    tunnel: HostTunnelState
    host: HostRoutes
    dump: Dump | None


@dataclass(frozen=True, slots=True)
class HostLook:
    commands: Commands
    device: Device

    def look(self) -> Looked:
        """What the host has; an interface that nobody answers for counts as none.

        Raises:
            ToolFailed: it is there, or may be, and cannot be looked at now.
        """
        ip = IpRoute(self.commands, self.device.interface)
        dump = self._answered()
        if dump is None:
            return Looked(ABSENT, ip.routes().host, None)
        link, routes = ip.link(), ip.routes()
        tunnel = HostTunnelState(
            public_key=dump.public_key,
            listen_port=dump.listen_port,
            mtu=link.mtu,
            is_up=link.is_up,
            addresses=link.standing(routes.connected),
            peers=dump.peers,
            routes=routes.own,
        )
        return Looked(tunnel, routes.host, dump)

    def dump(self) -> Dump:
        """Raises ToolFailed: there is no such interface, or it cannot be asked now."""
        return parse_dump(self.commands.run("wg", "show", self.device.interface, "dump"))

    def routes(self) -> HostRoutes:
        """The routes of others."""
        return IpRoute(self.commands, self.device.interface).routes().host

    def _answered(self) -> Dump | None:
        """What WireGuard says of the interface; None: there is none, or nobody answers for it.

        Raises:
            ToolFailed: it is there, or may be, and cannot be asked now.
        """
        try:
            dump = self.dump()
        except ToolMissing:
            raise
        except ToolFailed:
            if self.device.is_gone():
                return None
            raise
        return dump if self.device.exists else None  # a daemon that is about to end still answers
