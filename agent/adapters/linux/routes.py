"""Addresses, MTU, state and routes of one interface, by `ip -j` and `ip -batch -`.

Routes are asked for by numbers (`-N`), since the host's /etc/iproute2 may name any of them.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

from agent.adapters.linux import ipv6
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.dns_zone import nameservers
from agent.host.prefixes import Prefix
from agent.host.tunnel.difference import Plan
from agent.host.tunnel.route_conflicts import HostRoutes, Ip
from agent.host.tunnel.wanted import Address

OWN_PROTOCOL = "87"  # rt_protos: unassigned; only routes with it are the agent's
KERNEL_PROTOCOL = "2"  # linux/rtnetlink.h, RTPROT_KERNEL
LEADS_NOWHERE = {"6": "blackhole", "7": "unreachable", "8": "prohibit", "9": "throw"}  # linux/rtnetlink.h
ENROLMENT = re.compile("wy[0-9a-f]{8}")  # the interface of one
# Where a local stub stands in the first one, whom it asks stands in the others: systemd-resolved's, NetworkManager's.
RESOLVERS = tuple(
    map(Path, ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf"))
)


@dataclass(frozen=True, slots=True)
class Link:
    mtu: int
    is_up: bool
    addresses: frozenset[Address]

    def standing(self, connected: Collection[Prefix]) -> frozenset[Address]:
        """The addresses, but for those whose network is not connected any more: others may drop the route that the
        kernel laid with an address, and it does not come back."""
        if not self.is_up:
            return self.addresses
        return frozenset(one for one in self.addresses if not _has_network(one) or one.network in connected)


@dataclass(frozen=True, slots=True)
class Routes:
    """The agent's own on the interface, the networks that the kernel connected by it, and what the host has
    elsewhere."""

    own: frozenset[Prefix]
    connected: frozenset[Prefix]
    host: HostRoutes


@dataclass(frozen=True, slots=True)
class IpRoute:
    commands: Commands
    interface: str

    def link(self) -> Link:
        (shown,) = json.loads(self.commands.run("ip", "-j", "address", "show", "dev", self.interface))
        return Link(
            mtu=shown["mtu"],
            is_up="UP" in shown["flags"],
            addresses=frozenset(
                ip_interface(f"{item['local']}/{item['prefixlen']}")
                for item in shown["addr_info"]
                if item["scope"] != "link"
            ),
        )

    def routes(self) -> Routes:
        """Those of the main table, and all that must go on being reached by the host's own."""
        shown = [*self._shown("-4"), *(self._shown("-6") if ipv6.is_known() else [])]
        elsewhere = [route for route in shown if route.get("dev") != self.interface]
        own = [route for route in shown if self._is_own(route)]
        laid = {route["prefix"] for route in own}
        foreign = [route for route in shown if not self._is_own(route) and not self._gives_way(route, laid)]
        return Routes(
            own=frozenset(
                ip_network(route["prefix"])
                for route in own
                if route["protocol"] == OWN_PROTOCOL and route["dst"] != "default"
            ),
            connected=frozenset(ip_network(route["prefix"]) for route in own if route["protocol"] == KERNEL_PROTOCOL),
            host=HostRoutes(
                subnets=frozenset(_subnets(elsewhere)),
                gateways=frozenset(_gateways(elsewhere)),
                paths=frozenset(_paths(elsewhere)),
                taken={ip_network(route["prefix"]): _said(route) for route in foreign},
                addresses=frozenset(self._addresses_elsewhere()),
                resolvers=frozenset(resolvers()),
            ),
        )

    def carry_out(self, plan: Plan, kept: Collection[Address]) -> None:
        """Make the plan's addresses, link state and routes so, in one process.

        A route is added and never put in another's place: one of the host's own may have come since it was
        looked at.

        Args:
            kept: the addresses that shall stand in the end. The kernel drops the secondary
                addresses of a subnet with its primary one, so they are stated again.

        Raises:
            ToolFailed: with the line that is refused; what comes after it is not done.
        """
        dev = f"dev {self.interface}"
        lines = [f"address replace {address} {dev}" for address in plan.new_addresses]
        if plan.old_addresses:
            lines += [f"address delete {address} {dev}" for address in plan.old_addresses]
            lines += [f"address replace {address} {dev}" for address in kept]
        if plan.brings_up:
            lines.append(f"link set {dev} up")
        lines += [f"route add {route} {dev} proto {OWN_PROTOCOL}" for route in plan.new_routes]
        lines += [f"route delete {route} {dev} proto {OWN_PROTOCOL}" for route in plan.old_routes]
        lines += [f"route replace {route} {dev}" for route in _connected(plan.new_addresses)]
        if plan.mtu is not None:  # one too small for IPv6 takes it away: the agent's own goes before, or comes after
            is_small = plan.mtu < ipv6.LEAST_MTU
            lines.insert(len(lines) if is_small else 0, f"link set {dev} mtu {plan.mtu}")
        if lines:
            self._promote_secondaries()
            self._run(lines)

    def _run(self, lines: Sequence[str]) -> None:
        try:
            self.commands.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        except ToolFailed as failed:
            if failed.at_line is None:
                raise
            raise ToolFailed(f"{failed} ({lines[failed.at_line - 1]})", failed.at_line) from failed

    def _is_own(self, route: Mapping[str, Any]) -> bool:
        """Laid by the agent, or by the kernel for the interface's addresses."""
        return route.get("dev") == self.interface and route.get("protocol") in (OWN_PROTOCOL, KERNEL_PROTOCOL)

    def _gives_way(self, route: Mapping[str, Any], laid: Collection[str]) -> bool:
        """Of two enrolments that laid one prefix at the same moment, the first by name keeps it."""
        name = route.get("dev", "")
        return route["prefix"] in laid and name > self.interface and ENROLMENT.fullmatch(name) is not None

    def _addresses_elsewhere(self) -> Iterable[Address]:
        for shown in json.loads(self.commands.run("ip", "-j", "address", "show")):
            if shown.get("ifname") != self.interface:
                for item in shown.get("addr_info", ()):
                    if item["scope"] not in ("link", "host"):
                        yield ip_interface(f"{item['local']}/{item['prefixlen']}")

    def _shown(self, family: str) -> list[Mapping[str, Any]]:
        text = self.commands.run("ip", "-N", "-j", family, "route", "show", "table", "main")
        everywhere = "::/0" if family == "-6" else "0.0.0.0/0"
        routes = [route for route in json.loads(text or "[]") if "dst" in route]
        return [{"prefix": route["dst"].replace("default", everywhere), **route} for route in routes]

    def _promote_secondaries(self) -> None:
        setting = Path(f"/proc/sys/net/ipv4/conf/{self.interface}/promote_secondaries")
        try:
            setting.write_text("1")
        except OSError:
            return  # read-only /proc: carry_out states the addresses again anyway


def _has_network(address: Address) -> bool:
    return address.network.num_addresses > 1


def _connected(addresses: Iterable[Address]) -> Iterable[str]:
    """The routes to their networks as the kernel makes them: of several in one, by the first."""
    first: dict[Prefix, Address] = {}
    for address in filter(_has_network, addresses):
        first.setdefault(address.network, address)
    for network, address in first.items():
        rest = "metric 256" if network.version == 6 else f"scope link src {address.ip}"
        yield f"{network} proto {KERNEL_PROTOCOL} {rest}"


def _subnets(routes: Iterable[Mapping[str, Any]]) -> Iterable[Prefix]:
    for route in routes:
        if route["dst"] != "default" and "gateway" not in route and route.get("protocol") == KERNEL_PROTOCOL:
            subnet = ip_network(route["dst"])
            if not subnet.is_link_local and not subnet.is_multicast:
                yield subnet


def _gateways(routes: Iterable[Mapping[str, Any]]) -> Iterable[Ip]:
    """One that is said to be on the link (`onlink`) is reached without any route to it."""
    for route in routes:
        for hop in _hops(route):
            if (gateway := _gateway(hop)) is not None and "onlink" not in hop.get("flags", ()):
                yield ip_address(gateway)


def _gateway(hop: Mapping[str, Any]) -> str | None:
    """Of the other family, it stands elsewhere."""
    found: str | None = hop.get("gateway") or hop.get("via", {}).get("host")
    return found


def _paths(routes: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Prefix, str]]:
    """A route of several hops stands once for each; one that leads nowhere is none."""
    for route in routes:
        for hop in _hops(route):
            if "dev" in hop and route.get("type") not in LEADS_NOWHERE:
                yield ip_network(route["prefix"]), hop["dev"]


def _hops(route: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    hops: Iterable[Mapping[str, Any]] = route.get("nexthops", [route])
    return hops


def _said(route: Mapping[str, Any]) -> str:
    if (nowhere := LEADS_NOWHERE.get(route.get("type", ""))) is not None:
        return nowhere
    hops = [
        " ".join(f"{word} {value}" for word, value in (("via", _gateway(hop)), ("dev", hop.get("dev"))) if value)
        for hop in _hops(route)
    ]
    owner = "another enrolment's " if ENROLMENT.fullmatch(route.get("dev", "")) else ""
    return owner + ", ".join(hops)


def resolvers() -> Iterable[Ip]:
    """The host's, local stubs and whom they ask."""
    for path in RESOLVERS:
        try:
            yield from nameservers(path.read_text(errors="replace"))
        except OSError:
            continue  # not every host has it
