"""By which of the host's interfaces traffic of the tunnel leaves, and its answers come; pure."""

from collections.abc import Iterable

from agent.host.firewall.policy import Policy
from agent.host.prefixes import EVERYTHING, Prefix, contains
from agent.host.tunnel.route_conflicts import HostRoutes
from agent.identity.enrollment import FOREIGN_INTERFACE

HALF_OF_ALL = 1  # two such routes hide the default one, as some VPNs have it


def nat_interfaces(policy: Policy, host: HostRoutes, named: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Those that lead to a masqueraded exit, and to the internet where somebody may go there.

    `named`: by the operator, instead of what the routes say.
    """
    if named:
        return named
    ends: list[Prefix] = [way.cidr for way in policy.exits if way.is_masqueraded]
    if policy.sets["internet"]:
        ends += EVERYTHING
    return _leading(ends, host)


def outer_interfaces(policy: Policy, host: HostRoutes, named: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The NAT interfaces, and those that lead to exits that are not masqueraded."""
    routed = _leading([way.cidr for way in policy.exits if not way.is_masqueraded], host)
    return tuple(sorted({*nat_interfaces(policy, host, named), *routed}))


def _leading(ends: Iterable[Prefix], host: HostRoutes) -> tuple[str, ...]:
    found = {name for end in ends for name in _towards(end, host) if FOREIGN_INTERFACE.fullmatch(name)}
    return tuple(sorted(found))


def _towards(end: Prefix, host: HostRoutes) -> Iterable[str]:
    """Of the route that covers all of it, and of those to parts of it; the internet is the default route's."""
    paths = [(prefix, name) for prefix, name in host.paths if prefix.version == end.version]
    covering = [prefix for prefix, _ in paths if contains(prefix, end)]
    longest = max((prefix.prefixlen for prefix in covering), default=None)
    for prefix, name in paths:
        is_the_way = contains(prefix, end) and prefix.prefixlen == longest
        is_part_of_it = contains(end, prefix) and (end.prefixlen > 0 or prefix.prefixlen <= HALF_OF_ALL)
        if is_the_way or is_part_of_it:
            yield name
