"""What one bundle lets pass through this host: the table that judges it, and the kernel's switches; reads alone."""

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from ipaddress import ip_network

from agent.adapters.linux.forwarding import Forwarding
from agent.host.firewall import routing
from agent.host.firewall import ruleset as enforcing
from agent.host.firewall.nftables import Table
from agent.host.firewall.policy import member, outermost
from agent.host.prefixes import Prefix
from agent.host.tunnel.difference import Plan, changing_hands_within
from agent.host.tunnel.live import HostTunnelState
from agent.host.tunnel.nat_interfaces import nat_interfaces, outer_interfaces
from agent.host.tunnel.route_conflicts import HostRoutes
from agent.host.tunnel.steps import EnableForwarding, Firewall, StopForwarding
from agent.host.tunnel.wanted import WantedTunnel


@dataclass(frozen=True, slots=True)
class Passage:
    """`named`: interfaces by which masqueraded traffic leaves, as the operator named them."""

    wanted: WantedTunnel
    host: HostRoutes
    forwarding: Forwarding
    named: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether this host forwards for peers: as a jump, or as a router that can."""
        return self.wanted.is_forwarding or (self.wanted.is_router and self.hindrance is None)

    @property
    def hindrance(self) -> str | None:
        """Why the networks behind a regular peer are not reached; None: they are, or there are none.

        The peer's own tunnel works all the same.
        """
        if not self.wanted.is_router:
            return None
        behind = ", ".join(sorted(str(way.cidr) for way in self.wanted.policy.exits))
        if shutil.which("nft") is None:
            return f"peers do not reach {behind} behind this one: nft is not installed, install nftables"
        if not self.forwarding.is_possible(self._outer, self._has_ipv6):
            return (
                f"peers do not reach {behind} behind this one: the kernel does not forward, and /proc/sys is not"
                " writable here; enable net.ipv4.ip_forward from outside"
            )
        return None

    @property
    def table(self) -> Table | None:
        wanted = self.wanted
        if not self.is_open:
            return None
        around = enforcing.Surroundings(
            interface=self.forwarding.settings.interface,
            mtu=wanted.mtu,
            addresses=frozenset(ip_network(address.ip) for address in wanted.addresses),
            nat_interfaces=nat_interfaces(wanted.policy, self.host, self.named),
            opened=self.forwarding.opened(self._outer, self._has_ipv6),
        )
        if wanted.is_forwarding:
            return enforcing.table(wanted.policy, around)
        return routing.table(wanted.policy.exits, around)

    def barrier(self, prefixes: Collection[Prefix]) -> Table | None:
        """The table with these prefixes blocked; None: there are none, or this host is no jump, so no policy judges."""
        if not prefixes or not self.wanted.is_forwarding:
            return None
        sets = self.wanted.policy.sets
        blocked = outermost([*sets["blocked"], *map(member, prefixes)])
        policy = replace(self.wanted.policy, sets={**sets, "blocked": blocked})
        return replace(self, wanted=replace(self.wanted, policy=policy)).table

    @property
    def switch(self) -> EnableForwarding | StopForwarding | None:
        """The step by which the kernel forwards as it should; None: it does already."""
        if not self.is_open:
            return StopForwarding() if self.forwarding.is_held else None
        is_due = self.forwarding.is_due(self._outer, self._has_ipv6)
        return EnableForwarding(self._outer, self._has_ipv6) if is_due else None

    def firewall(self, live: HostTunnelState, plan: Plan, differs: Callable[[Table | None], bool]) -> Firewall:
        """What is to be done about the firewall on the way from what the host has.

        Args:
            differs: whether a table is not the one that is loaded.
        """
        table = self.table
        is_due = differs(table)
        handed = changing_hands_within(live, self.wanted, plan) if is_due else frozenset()
        return Firewall(table, is_due, self.switch, self.barrier(handed))

    @property
    def networks(self) -> frozenset[Prefix]:
        """The networks of the tunnel's addresses."""
        return frozenset(address.network for address in self.wanted.addresses)

    @property
    def _outer(self) -> tuple[str, ...]:
        return outer_interfaces(self.wanted.policy, self.host, self.named)

    @property
    def _has_ipv6(self) -> bool:
        return any(address.version == 6 for address in self.wanted.addresses)
