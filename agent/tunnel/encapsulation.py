"""Full encapsulation: policy routing into the tunnel, and a seal that lets nothing leave beside it; pure.

All that does not carry the mark goes by a routing table of its own, whose default is the tunnel;
more specific routes, the host's own subnets first, are taken as before. What carries the mark is
WireGuard's and the agent's own. The seal stands whatever becomes of routes and interface: out goes
what enters the tunnel, is marked, or stays on the local networks; names are asked of the jump's
resolver alone, whatever /etc/resolv.conf says.

Source: wg-quick(8) has the same rules.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from agent.firewall.nftables import Table
from agent.firewall.policy import elements, member, outermost
from agent.tunnel.desired import Desired, Prefix

MARK = 0x5759  # "WY"
ROUTING_TABLE = 22361  # the same number
OWN_FIRST, ELSE_TUNNEL = 22360, 22361  # priorities, before the main table's 32766
SEAL_SUFFIX = "_seal"
DNS_PORT = 53


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """One piece of policy routing. `own_first`: routes but the default one; `else_tunnel`: what is not marked
    goes by the own table; there `tunnel` is its default, or `nowhere` where the tunnel has no such addresses."""

    version: Literal[4, 6]
    piece: Literal["own_first", "else_tunnel", "tunnel", "nowhere"]


def ways(wanted: Desired, has_ipv6: bool) -> frozenset[Way]:
    """All of it; none without full encapsulation. `has_ipv6`: the kernel knows it."""
    if not wanted.is_full:
        return frozenset()
    made: set[Way] = set()
    for version in (4, 6) if has_ipv6 else (4,):
        is_inside = any(address.version == version for address in wanted.addresses)
        made |= {
            Way(version, "own_first"),
            Way(version, "else_tunnel"),
            Way(version, "tunnel" if is_inside else "nowhere"),
        }
    return frozenset(made)


def lines(before: Collection[Way], after: Collection[Way], version: int, interface: str) -> list[str]:
    """What `ip -batch` reads: the table is filled before anything is sent to it, and emptied after."""
    old = sorted(way for way in set(before) - set(after) if way.version == version)
    new = sorted(way for way in set(after) - set(before) if way.version == version)
    return [
        *(f"route delete {_route(way, interface)}" for way in old if way.piece in ("tunnel", "nowhere") and new),
        *(f"route replace {_route(way, interface)}" for way in new if way.piece in ("tunnel", "nowhere")),
        *(f"rule add {_rule(way)}" for way in reversed(new) if way.piece in ("own_first", "else_tunnel")),
        *(f"rule delete {_rule(way)}" for way in old if way.piece in ("own_first", "else_tunnel")),
        *(f"route delete {_route(way, interface)}" for way in old if way.piece in ("tunnel", "nowhere") and not new),
    ]


def seal(interface: str, local: Iterable[Prefix], resolvers: Collection[IPv4Address | IPv6Address]) -> Table:
    """The table `<interface>_seal`. `local`: the subnets this host is connected to by other interfaces."""
    subnets = outermost(map(member, local))
    return Table(
        interface=interface + SEAL_SUFFIX,
        chains=_chains(interface, resolvers),
        comments={},
        sets={
            "local_v4": elements(subnets, 4),
            "local_v6": elements(subnets, 6),
        },
    )


def _rule(way: Way) -> str:
    if way.piece == "own_first":
        return f"priority {OWN_FIRST} table main suppress_prefixlength 0"
    return f"priority {ELSE_TUNNEL} not fwmark {MARK} table {ROUTING_TABLE}"


def _route(way: Way, interface: str) -> str:
    end = f"default dev {interface}" if way.piece == "tunnel" else "unreachable default"
    return f"{end} table {ROUTING_TABLE} proto 87"


def _chains(interface: str, resolvers: Collection[IPv4Address | IPv6Address]) -> str:
    """`outward` decides by the interface a packet really leaves by, after its address was changed; the output
    hook says no to local programs at once, so that they need not wait."""
    named = "\n".join(
        f"        meta nfproto ipv{address.version} meta l4proto {{ tcp, udp }} th dport {DNS_PORT}"
        f" dnat {'ip' if address.version == 4 else 'ip6'} to {address}"
        for address in _first_of_each(resolvers)
    )
    return f"""
    chain outward {{
        oifname {{ "lo", "{interface}" }} accept
        meta mark {MARK:#x} accept
        meta l4proto {{ tcp, udp }} th dport {DNS_PORT} return
        ip daddr @local_v4 accept
        ip6 daddr @local_v6 accept
        ip daddr {{ 224.0.0.0/24, 255.255.255.255 }} accept
        ip6 daddr {{ fe80::/10, ff02::/16 }} accept
        udp sport 68 udp dport 67 accept
        udp sport 546 udp dport 547 accept
        icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
    }}
    chain refuse {{
        type filter hook output priority filter; policy accept;
        meta l4proto {{ tcp, udp }} th dport {DNS_PORT} ct status dnat accept
        jump outward
        reject with icmpx admin-prohibited
    }}
    chain hold {{
        type filter hook postrouting priority filter; policy accept;
        jump outward
        drop
    }}
    chain names {{
        type nat hook output priority -100; policy accept;
        oifname "lo" accept
        meta mark {MARK:#x} accept
{named}
    }}
    chain names_of_guests {{
        type nat hook prerouting priority dstnat; policy accept;
        fib daddr type local accept
        iifname "{interface}" accept
{named}
    }}
    chain from_the_tunnel_address {{
        type nat hook postrouting priority srcnat; policy accept;
        oifname "{interface}" ct status dnat masquerade
    }}
    chain remember {{
        type filter hook postrouting priority mangle; policy accept;
        meta mark {MARK:#x} ct mark set meta mark
    }}
    chain recall {{
        type filter hook prerouting priority mangle; policy accept;
        ct mark {MARK:#x} meta mark set ct mark
    }}
"""


def _first_of_each(addresses: Iterable[IPv4Address | IPv6Address]) -> list[IPv4Address | IPv6Address]:
    first: dict[int, IPv4Address | IPv6Address] = {}
    for address in addresses:
        first.setdefault(address.version, address)
    return list(first.values())
