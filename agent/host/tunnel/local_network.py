"""Which networks count as local to a host that sends everything through its tunnel; pure.

Whoever runs the network a host is plugged into chooses the subnet it is given, and may choose the addresses
of others (CVE-2023-36672, "LocalNet"). So local is what nobody has on the internet, and of public addresses no
more than one subnet's worth; and never an address that must be reached through the tunnel or by the agent alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from agent.host.prefixes import Prefix, contains
from agent.host.tunnel.wanted import WantedTunnel

LOCAL_RANGES = (
    ip_network("10.0.0.0/8"),  # RFC 1918
    ip_network("172.16.0.0/12"),
    ip_network("192.168.0.0/16"),
    ip_network("169.254.0.0/16"),  # link-local, RFC 3927
    ip_network("100.64.0.0/10"),  # between a carrier and its customers, RFC 6598
    ip_network("fc00::/7"),  # unique local, RFC 4193
    ip_network("fe80::/10"),
)
SHORTEST_PUBLIC = {4: 24, 6: 64}  # prefix lengths of one ordinary subnet


@dataclass(frozen=True, slots=True)
class LocalNetwork:
    """`subnets` without the addresses in `never`. `is_allowed` False: nothing is local, broadcasts neither."""

    is_allowed: bool = True
    subnets: frozenset[Prefix] = frozenset()
    never: frozenset[IPv4Address | IPv6Address] = frozenset()


NO_LOCAL_NETWORK = LocalNetwork(is_allowed=False)


def local_network(
    connected: Iterable[Prefix],
    wanted: WantedTunnel,
    control_plane: Iterable[IPv4Address | IPv6Address],
    learned: Mapping[str, str],
) -> LocalNetwork:
    """What of the subnets a host is connected to stays local.

    Args:
        control_plane: its addresses, as far as known.
        learned: public key → where a peer was last seen, as `address:port`.
    """
    subnets = frozenset(subnet for subnet in connected if is_local(subnet))
    elsewhere = {*control_plane, *wanted.resolvers, *_jumps(wanted, learned)}
    return LocalNetwork(
        subnets=subnets,
        never=frozenset(address for address in elsewhere if any(address in subnet for subnet in subnets)),
    )


def is_local(subnet: Prefix) -> bool:
    if any(contains(local, subnet) for local in LOCAL_RANGES):
        return True
    return subnet.prefixlen >= SHORTEST_PUBLIC[subnet.version]


def origin_addresses(origin: str, known: Mapping[str, Sequence[str]]) -> Collection[IPv4Address | IPv6Address]:
    """The addresses of a deployment. `known`: host → its last addresses."""
    host = urlsplit(origin).hostname or ""
    parsed = map(_address, (host, *known.get(host, ())))
    return frozenset(address for address in parsed if address is not None)


def _jumps(wanted: WantedTunnel, learned: Mapping[str, str]) -> Iterable[IPv4Address | IPv6Address]:
    """Where the others are, within the tunnel and outside; an endpoint that is a name was last seen somewhere."""
    for section in wanted.sections.values():
        if section.endpoint is None:
            continue
        seen, _, _ = learned.get(section.public_key, "").rpartition(":")
        for host in (section.endpoint.host, seen.strip("[]")):
            if (outside := _address(host)) is not None:
                yield outside
        for prefix in section.allowed_ips:
            if prefix.num_addresses == 1:
                yield prefix.network_address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address without its zone; None: the text is a name, or empty."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
