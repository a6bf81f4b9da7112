"""Full encapsulation: policy routing into the tunnel, and a seal that lets nothing leave beside it; pure.

All that does not carry the mark goes by a routing table of its own, whose default is the tunnel;
more specific routes, the host's own subnets first, are taken as before. What carries the mark is
WireGuard's and the agent's own. The seal stands whatever becomes of routes and interface: out goes
what enters the tunnel, is marked, or stays on the local networks; names are asked of the jump's
resolver alone, whatever /etc/resolv.conf says.

They are two barriers, so that what takes one away leaves the other: `nft flush ruleset` takes the seal, and
systemd-networkd, when it configures an interface, takes rules and routes it did not make. It leaves those
that say the kernel made them, and so these do: the rules, and in the own table a route to nowhere for when
the tunnel's is gone.

Source: wg-quick(8) has the same rules; systemd, networkd-routing-policy-rule.c and networkd-route.c, "Do not
touch rules managed by kernel".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Literal

from agent.host.firewall.nftables import Table
from agent.host.firewall.policy import elements, member, outermost
from agent.host.tunnel.local_network import LocalNetwork
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.enrollment import INTERFACE_PREFIX

Seal = Literal["none", "sealed", "missing", "unknown"]


MARK = 0x5759  # "WY"
ROUTING_TABLE = 22361  # the same number
OWN_FIRST, ELSE_TUNNEL = 22360, 22361  # priorities, before the main table's 32766
PROTOCOL = "kernel"
TUNNEL_METRIC = 1
NOWHERE_METRIC = 4294967294  # behind every other route
SEAL_SUFFIX = "_seal"
LAST_CHAIN = "recall"  # where it is, the whole table is
DNS_PORT = 53
LOCAL = """\
        ip daddr @local_v4 accept
        ip6 daddr @local_v6 accept
        ip daddr { 224.0.0.0/24, 255.255.255.255 } accept
        ip6 daddr { fe80::/10, ff02::/16 } accept
"""


@dataclass(frozen=True, slots=True, order=True)
class PolicyRoute:
    """One piece of policy routing. `own_first`: routes but the default one; `else_tunnel`: what is not marked
    goes by the own table; there `tunnel` is its default, and `nowhere` the one without it: where the tunnel
    has no such addresses, is down, or is gone."""

    version: Literal[4, 6]
    piece: Literal["own_first", "else_tunnel", "tunnel", "nowhere"]

    @property
    def is_rule(self) -> bool:
        return self.piece in ("own_first", "else_tunnel")


def ways(wanted: WantedTunnel, has_ipv6: bool) -> frozenset[PolicyRoute]:
    """All rules and routes of full encapsulation; empty without it. `has_ipv6`: whether the kernel has IPv6."""
    if not wanted.is_full:
        return frozenset()
    made: set[PolicyRoute] = set()
    for version in (4, 6) if has_ipv6 else (4,):
        made |= {
            PolicyRoute(version, "own_first"),
            PolicyRoute(version, "else_tunnel"),
            PolicyRoute(version, "nowhere"),
        }
        if any(address.version == version for address in wanted.addresses):
            made.add(PolicyRoute(version, "tunnel"))
    return frozenset(made)


def lines(before: Collection[PolicyRoute], after: Collection[PolicyRoute], version: int, interface: str) -> list[str]:
    """What `ip -batch` reads: the table is filled before anything is sent to it, and emptied after."""
    old = sorted(way for way in set(before) - set(after) if way.version == version)
    new = sorted(way for way in set(after) - set(before) if way.version == version)
    return [
        *(f"route replace {_route(way, interface)}" for way in new if not way.is_rule),
        *(f"rule add {rule(way)} protocol {PROTOCOL}" for way in reversed(new) if way.is_rule),
        *(f"rule delete {rule(way)} protocol {PROTOCOL}" for way in old if way.is_rule),
        *(f"route delete {_route(way, interface)}" for way in old if not way.is_rule),
    ]


def seal(interface: str, local: LocalNetwork, resolvers: Collection[IPv4Address | IPv6Address]) -> Table:
    """The table `<interface>_seal`."""
    subnets = outermost(map(member, local.subnets))
    never = outermost(member(ip_network(address)) for address in local.never)
    return Table(
        interface=interface + SEAL_SUFFIX,
        chains=_chains(interface, resolvers, local.is_allowed),
        comments={},
        sets={
            "local_v4": elements(subnets, 4),
            "local_v6": elements(subnets, 6),
            "never_v4": elements(never, 4),
            "never_v6": elements(never, 6),
        },
    )


def rule(way: PolicyRoute) -> str:
    """The selector of a rule, as `ip rule` takes it, by which it is found whoever made it."""
    if way.piece == "own_first":
        return f"priority {OWN_FIRST} table main suppress_prefixlength 0"
    return f"priority {ELSE_TUNNEL} not fwmark {MARK} table {ROUTING_TABLE}"


def _route(way: PolicyRoute, interface: str) -> str:
    end = (
        f"default dev {interface} metric {TUNNEL_METRIC}"
        if way.piece == "tunnel"
        else f"unreachable default metric {NOWHERE_METRIC}"
    )
    return f"{end} table {ROUTING_TABLE} proto {PROTOCOL}"


def _chains(interface: str, resolvers: Collection[IPv4Address | IPv6Address], has_local: bool) -> str:
    """`outward` decides by the interface a packet really leaves by, after its address was changed; the output
    hook says no to local programs at once, so that they need not wait. What enters the tunnel of another
    enrolment leaves as that one's WireGuard, which has no mark and so comes through here again."""
    local = LOCAL if has_local else ""
    named = "\n".join(
        f"        meta nfproto ipv{address.version} meta l4proto {{ tcp, udp }} th dport {DNS_PORT}"
        f" dnat {'ip' if address.version == 4 else 'ip6'} to {address}"
        for address in _first_of_each(resolvers)
    )
    return f"""
    chain outward {{
        oifname {{ "lo", "{interface}" }} accept
        oifname "{INTERFACE_PREFIX}*" accept
        meta mark {MARK:#x} accept
        udp sport 68 udp dport 67 accept
        udp sport 546 udp dport 547 accept
        icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report }} accept
        meta l4proto {{ tcp, udp }} th dport {DNS_PORT} return
        ip daddr @never_v4 return
        ip6 daddr @never_v6 return
{local}    }}
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
    chain {LAST_CHAIN} {{
        type filter hook prerouting priority mangle; policy accept;
        ct mark {MARK:#x} meta mark set ct mark
    }}
"""


def _first_of_each(addresses: Iterable[IPv4Address | IPv6Address]) -> list[IPv4Address | IPv6Address]:
    first: dict[int, IPv4Address | IPv6Address] = {}
    for address in addresses:
        first.setdefault(address.version, address)
    return list(first.values())
