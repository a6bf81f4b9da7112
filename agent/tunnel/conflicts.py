"""Prefixes of the host's own network that the tunnel must leave alone; pure.

A route over the host's own subnet or gateway would cut it off from everything, the
control plane included; such routes are left out and reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_interface

from agent.tunnel.desired import Address, Desired, Prefix


@dataclass(frozen=True, slots=True)
class HostRoutes:
    """Connected subnets and gateways of every other interface, and by which interface each prefix is reached."""

    subnets: frozenset[Prefix] = frozenset()
    gateways: frozenset[IPv4Address | IPv6Address] = frozenset()
    paths: frozenset[tuple[Prefix, str]] = frozenset()


def without_conflicts(wanted: Desired, host: HostRoutes) -> tuple[Desired, tuple[str, ...]]:
    """Leave out what would take the host's own network, and say which prefixes those were.

    An address whose network conflicts keeps its address alone, without the connected route.
    """
    bad_routes = frozenset(route for route in wanted.routes if _takes(route, host))
    bad_addresses = frozenset(address for address in wanted.addresses if _takes(address.network, host))
    if not bad_routes and not bad_addresses:
        return wanted, ()
    narrowed = frozenset(_alone(address) for address in bad_addresses)
    reduced = replace(
        wanted,
        routes=wanted.routes - bad_routes,
        addresses=(wanted.addresses - bad_addresses) | narrowed,
    )
    conflicts: Iterable[Prefix] = bad_routes | {address.network for address in bad_addresses}
    return reduced, tuple(sorted(map(str, conflicts)))


def _takes(prefix: Prefix, host: HostRoutes) -> bool:
    """Whether a route to this prefix would win over a connected one, or catch a gateway."""
    if any(gateway in prefix and not _is_connected(gateway, prefix, host) for gateway in host.gateways):
        return True
    return any(_is_within(prefix, subnet) for subnet in host.subnets)


def _is_connected(gateway: IPv4Address | IPv6Address, prefix: Prefix, host: HostRoutes) -> bool:
    return any(gateway in subnet and subnet.prefixlen > prefix.prefixlen for subnet in host.subnets)


def _is_within(prefix: Prefix, subnet: Prefix) -> bool:
    if isinstance(prefix, IPv4Network):
        return isinstance(subnet, IPv4Network) and prefix.subnet_of(subnet)
    return not isinstance(subnet, IPv4Network) and prefix.subnet_of(subnet)


def _alone(address: Address) -> Address:
    return ip_interface(address.ip)
