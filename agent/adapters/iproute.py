"""Addresses, MTU, state and routes of one interface, by `ip -j` and `ip -batch -`."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

from agent.adapters.commands import Commands
from agent.tunnel.conflicts import HostRoutes
from agent.tunnel.desired import Address, Prefix
from agent.tunnel.reconcile import Plan

OWN_PROTOCOL = "87"  # rt_protos: unassigned; only routes with it are the agent's


@dataclass(frozen=True, slots=True)
class Link:
    mtu: int
    is_up: bool
    addresses: frozenset[Address]


@dataclass(frozen=True, slots=True)
class Routes:
    """The agent's own on the interface, and what the host has elsewhere."""

    own: frozenset[Prefix]
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
        shown = [*self._shown("-4"), *self._shown("-6")]
        elsewhere = [route for route in shown if route.get("dev") != self.interface]
        return Routes(
            own=frozenset(
                ip_network(route["dst"])
                for route in shown
                if route.get("dev") == self.interface
                and route.get("protocol") == OWN_PROTOCOL
                and route["dst"] != "default"
            ),
            host=HostRoutes(
                subnets=frozenset(_subnets(elsewhere)),
                gateways=frozenset(ip_address(route["gateway"]) for route in elsewhere if "gateway" in route),
                paths=frozenset(_paths(elsewhere)),
            ),
        )

    def carry_out(self, plan: Plan, kept: Collection[Address]) -> None:
        """Make the plan's addresses, link state and routes so, in one process.

        `kept`: the addresses that shall stand in the end. The kernel drops the secondary
        addresses of a subnet with its primary one, so they are stated again.
        """
        dev = f"dev {self.interface}"
        lines = [f"address replace {address} {dev}" for address in plan.new_addresses]
        if plan.old_addresses:
            lines += [f"address delete {address} {dev}" for address in plan.old_addresses]
            lines += [f"address replace {address} {dev}" for address in kept]
        if plan.mtu is not None:
            lines.append(f"link set {dev} mtu {plan.mtu}")
        if plan.brings_up:
            lines.append(f"link set {dev} up")
        lines += [f"route replace {route} {dev} proto {OWN_PROTOCOL}" for route in plan.new_routes]
        lines += [f"route delete {route} {dev} proto {OWN_PROTOCOL}" for route in plan.old_routes]
        lines += [f"route replace {route} {dev}" for route in _connected(plan.new_addresses)]
        if lines:
            self._promote_secondaries()
            self.commands.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")

    def standing(self, link: Link) -> frozenset[Address]:
        """A link's addresses, but for those whose network is reached by it no more: others may drop what the kernel
        laid with an address, and it does not come back."""
        shown = [
            route
            for family in ("-4", "-6")
            for route in json.loads(
                self.commands.run("ip", "-j", family, "route", "show", "table", "main", "dev", self.interface) or "[]"
            )
        ]
        reached = {route["dst"] for route in shown}
        is_reached = {
            address: not _has_network(address) or str(address.network) in reached for address in link.addresses
        }
        return frozenset(address for address in link.addresses if is_reached[address] or not link.is_up)

    def _shown(self, family: str) -> list[Mapping[str, Any]]:
        text = self.commands.run("ip", "-j", family, "route", "show", "table", "main")
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
        yield f"{network} proto kernel {'metric 256' if network.version == 6 else f'scope link src {address.ip}'}"


def _subnets(routes: Iterable[Mapping[str, Any]]) -> Iterable[Prefix]:
    for route in routes:
        if route["dst"] != "default" and "gateway" not in route and route.get("protocol") == "kernel":
            subnet = ip_network(route["dst"])
            if not subnet.is_link_local and not subnet.is_multicast:
                yield subnet


def _paths(routes: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Prefix, str]]:
    """A route of several hops stands once for each; one that leads nowhere (unreachable) is none."""
    for route in routes:
        for hop in route.get("nexthops", [route]):
            if "dev" in hop and route.get("type", "unicast") == "unicast":
                yield ip_network(route["prefix"]), hop["dev"]
