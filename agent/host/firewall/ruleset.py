"""A jump's policy as the chains of its own nftables table; pure.

Its chains judge the agent's interface alone and accept the rest, so the host's other traffic
goes on; but what is forwarded only since the agent switched that on is dropped. A packet of the
tunnel passes by its own addresses, or as a reply by those of the flow it answers:

- `own`, `replies`, `errors` are the ACL seen three ways: by a packet's own header, by its header
  turned round, and by the flow that an ICMP error is about. Each accepts, or returns.
- No flow is established for ever: each packet is judged, so what is revoked is cut at once.
- The jump's own addresses are judged as the jump, also the public one: `hub` is the ACL of what is about it.
- A flow whose SYN was judged here carries a label, and what goes its way is no reply. One that was
  moved here from another hub has none: its packets pass by the addresses alone, or it would hang.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from agent.host.firewall.nftables import FAMILIES, Table, chain, each, hook_chain, interfaces
from agent.host.firewall.passing import NONE_OPENED, OF_OTHERS, WIRETY, Opened, clamp, of_others
from agent.host.firewall.policy import Member, Policy, Rule, elements, member, outermost, parse_member
from agent.host.firewall.views import ERROR, ICMP, OWN, REPLY, View, lines_of
from agent.host.prefixes import Prefix

ECHO_ID = 0x5759  # of every agent's echoes, so that a jump knows them


LABEL = 87  # a bit of 128 in a conntrack entry

NEVER_OUT = tuple(
    parse_member(cidr)
    for cidr in (
        *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"),
        *("::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8"),
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
        *("fd00:42::42/128", "fd00:c1::a9fe:a9fe/128", "fd00:ec2::/64", "fd20:ce::254/128"),
    )
)
NEVER_INTERNET = (
    *NEVER_OUT,
    *map(parse_member, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "240.0.0.0/4", "fc00::/7")),
)
"""Both as in `chalicelib/domain/tunnel/firewall.py`; there, and in `cidr.py`, each stands with its source."""

IS_OPENING = "tcp flags syn / syn,ack"
IS_NOT_OPENING = "tcp flags & (syn | ack) != syn"
FROM_THE_KERNEL = (
    "icmp type redirect drop",  # nobody is a neighbour in a tunnel
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
)

ECHOES = f"icmp type {{ echo-request, echo-reply }} icmp id {ECHO_ID}"
"""Agents see by these echoes whether a jump's tunnel is alive: no rule of the ACL may make it look dead."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`addresses`: the interface's own. `nat_interfaces`: by which masqueraded traffic leaves."""

    interface: str
    mtu: int
    addresses: frozenset[Prefix] = frozenset()
    nat_interfaces: tuple[str, ...] = ()
    opened: Opened = NONE_OPENED


def table(policy: Policy, around: Surroundings) -> Table:
    names = {name: f"s{number}" for number, name in enumerate(policy.sets)}
    members = {
        "exits": outermost(member(way.cidr) for way in policy.exits),
        "routed": outermost(member(way.cidr) for way in policy.exits if not way.is_masqueraded),
        "never": outermost(NEVER_INTERNET),
        "nobody": outermost(NEVER_OUT),
        "local": outermost(map(member, around.addresses)),
        **{names[name]: found for name, found in policy.sets.items()},
    }
    return Table(
        interface=around.interface,
        chains="\n".join(_chains(policy, around, names)),
        comments={f"{names[name]}v{version}": name for name in names for version in FAMILIES},
        sets={f"{name}v{version}": elements(found, version) for name, found in members.items() for version in FAMILIES},
    )


def _chains(policy: Policy, around: Surroundings, names: Mapping[str, str]) -> Iterable[str]:
    own, nat = f'"{around.interface}"', interfaces(around.nat_interfaces)
    blocked, isolated, hubs, internet = (names[name] for name in ("blocked", "isolated", "hubs", "internet"))

    yield hook_chain(
        "forward",
        "filter hook forward",
        "filter",
        [f"iifname {own} goto from_tunnel", f"oifname {own} goto to_tunnel", *of_others(around.opened)],
    )
    yield chain("of_others", OF_OTHERS)
    yield hook_chain("input", "filter hook input", "filter", [f"iifname {own} goto to_host"])
    yield hook_chain("output", "filter hook output", "filter", [f"oifname {own} goto from_host"])
    yield chain(
        "from_tunnel",
        [
            "jump first",
            f"oifname {own} goto through",
            f"oifname {WIRETY} drop",
            *_to_nat(nat, internet),
            "goto leaving",
        ],
    )
    yield chain("to_tunnel", ["jump first", f"iifname {WIRETY} drop", "goto entering"])
    yield chain("to_host", ["jump first", *_of_host("daddr"), *_declared("daddr", "leaving"), "goto to_undeclared"])
    yield chain(
        "from_host",
        ["jump first", *FROM_THE_KERNEL, *_of_host("saddr"), *_declared("saddr", "entering"), "goto from_undeclared"],
    )
    yield chain("to_undeclared", [*_surfing(OWN, internet, "hub"), "drop"])
    yield chain("from_undeclared", _judged([], _surfing(REPLY, internet, "hub_replies"), []))
    yield chain(
        "first",
        [
            *each(f"$ip saddr @{blocked}v$v drop"),
            *each(f"$ip daddr @{blocked}v$v drop"),
            f"{IS_OPENING} ct state new ct label set {LABEL}",
        ],
    )
    yield chain(
        "through",
        [f"{line} drop" for line in _apart(isolated, hubs)] + _judged(["jump own"], ["jump replies"], ["jump errors"]),
    )
    yield chain(
        "leaving",
        each("$ip daddr @nobodyv$v drop")
        + _judged(_leaving(OWN, internet, "leaving_own"), _entering(REPLY, "replies"), _entering(ERROR, "errors")),
    )
    yield chain(
        "entering",
        each("$ip saddr @nobodyv$v drop")
        + _judged(
            _entering(OWN, "entering_own"), _leaving(REPLY, internet, "replies"), _leaving(ERROR, internet, "errors")
        ),
    )
    yield chain("leaving_own", [*(f"{line} return" for line in _apart_from(isolated, hubs)), "goto own"])
    yield chain("entering_own", [*(f"{line} return" for line in _apart(isolated, hubs)), "goto own"])
    about_hub = _about_hub(policy, around.addresses)
    for name, view, rules in (
        *(("own", OWN, policy.rules), ("replies", REPLY, policy.rules), ("errors", ERROR, policy.rules)),
        *(("hub", OWN, about_hub), ("hub_replies", REPLY, about_hub)),
    ):
        yield chain(name, [*(line for rule in rules for line in lines_of(rule, view, names)), "accept"])
    yield hook_chain("clamp", "filter hook forward", "mangle", clamp(own, around.mtu))
    yield hook_chain("nat", "nat hook postrouting", "srcnat", _masquerade(policy, own, nat, internet))


def _of_host(side: str) -> list[str]:
    """The rules about the jump's own addresses: agents' echoes pass always, the policy judges all else."""
    return [f"{ECHOES} ip {side} @localv4 accept", *each(f"$ip {side} @localv$v goto through")]


def _declared(side: str, judge: str) -> list[str]:
    """The jump's address in a network that is declared belongs to that."""
    return each(f"$ip {side} @exitsv$v goto {judge}")


def _about_hub(policy: Policy, addresses: frozenset[Prefix]) -> list[Rule]:
    """What the policy says of this jump, for those of its addresses that no set has: its public one is as much the
    jump as the one in the tunnel."""
    own = [member(address) for address in addresses]
    about = {name for name, members in policy.sets.items() if any(_holds(members, one) for one in own)}
    return [
        replace(rule, destination=None)
        for rule in policy.rules
        if rule.destination is None or rule.destination in about
    ]


def _holds(members: Sequence[Member], one: Member) -> bool:
    """Whether an address lies in a set, whose members are in order and do not overlap."""
    at = bisect_right(members, one.first, key=attrgetter("first"))
    return at > 0 and one.last <= members[at - 1].last


def _apart_from(isolated: str, hubs: str) -> list[str]:
    return each(f"$ip daddr @{isolated}v$v $ip saddr != @{hubs}v$v")


def _apart(isolated: str, hubs: str) -> list[str]:
    """The rules that keep isolated peers from all but hubs, whoever begins the flow."""
    return [
        *_apart_from(isolated, hubs),
        *each(f"$ip saddr @{isolated}v$v $ip daddr != @{hubs}v$v"),
    ]


def _judged(own: Sequence[str], replies: Sequence[str], errors: Sequence[str]) -> list[str]:
    """The rules that accept a packet by its own header, as a reply, or as an error about a permitted flow."""
    return [
        *own,
        f"meta l4proto tcp ct label {LABEL} ct direction original drop",
        *(f"{IS_NOT_OPENING} {line}" for line in replies),
        *(f"meta l4proto != tcp ct direction reply {line}" for line in replies),
        *(f"meta l4proto {ICMP} ct state related {line}" for line in errors),
        "drop",
    ]


def _leaving(view: View, internet: str, judge: str) -> list[str]:
    """The rules for what leaves the tunnel: to exits, and to the internet for those who have it."""
    exits = [f"{view.destination[version]} @exitsv{version} jump {judge}" for version in FAMILIES]
    return [*exits, *_surfing(view, internet, judge)]


def _surfing(view: View, internet: str, judge: str) -> list[str]:
    """The rules by which peers with internet access reach addresses outside private networks."""
    return [
        f"{view.source[version]} @{internet}v{version} {_is_internet(view, version)} jump {judge}"
        for version in FAMILIES
    ]


def _is_internet(view: View, version: int) -> str:
    return f"{view.destination[version]} != @neverv{version}"


def _entering(view: View, judge: str) -> list[str]:
    """The rules by which networks behind the jump begin flows; those that are masqueraded cannot."""
    return [f"{view.source[version]} @routedv{version} jump {judge}" for version in FAMILIES]


def _to_nat(nat: str | None, internet: str) -> list[str]:
    """What is to be masqueraded leaves where it will be, or not at all: never by its own address.

    Conntrack does not translate packets it takes for invalid.
    """
    elsewhere = "" if nat is None else f"oifname != {nat} "
    return [
        f"{elsewhere}ip6 saddr @{internet}v6 ip6 daddr != @routedv6 reject with icmpv6 no-route",
        *each(f"{elsewhere}$ip daddr != @routedv$v drop"),
        *each("$ip daddr != @routedv$v ct state invalid drop"),
    ]


def _masquerade(policy: Policy, own: str, nat: str | None, internet: str) -> list[str]:
    """Longest prefix first; never towards a tunnel, where it would hide who speaks."""
    if nat is None:
        return []
    lines = [
        f"iifname {own} oifname {nat} {FAMILIES[way.cidr.version]} daddr {way.cidr} "
        + ("masquerade" if way.is_masqueraded else "accept")
        for way in sorted(policy.exits, key=lambda way: -way.cidr.prefixlen)
    ]
    to_internet = f"$ip saddr @{internet}v$v $ip daddr != @neverv$v"
    return [*lines, *each(f"iifname {own} oifname {nat} {to_internet} masquerade")]
