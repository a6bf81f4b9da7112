"""What a regular peer with networks behind it forwards, as the chains of its own nftables table; pure.

Jumps judge who may speak with these networks. Here nothing else goes from the tunnel into the host's networks, or
by what the agent switched on into the tunnel.
"""

from collections.abc import Iterable

from agent.host.firewall.nftables import FAMILIES, Table, chain, each, hook_chain
from agent.host.firewall.passing import OF_OTHERS, came_by, clamp, of_others
from agent.host.firewall.policy import Exit, elements, member, outermost
from agent.host.firewall.ruleset import NEVER_OUT, Surroundings

PASSES = OF_OTHERS[:-1]  # as programs of the host in networks of their own: their answers, and what was led to them


def table(exits: Iterable[Exit], around: Surroundings) -> Table:
    members = {"behind": outermost(member(way.cidr) for way in exits), "nobody": outermost(NEVER_OUT)}
    return Table(
        interface=around.interface,
        chains="\n".join(_chains(around)),
        comments={},
        sets={f"{name}v{version}": elements(found, version) for name, found in members.items() for version in FAMILIES},
    )


def _chains(around: Surroundings) -> Iterable[str]:
    own = f'"{around.interface}"'
    into = [f"{line} oifname {own} goto to_tunnel" for line in came_by(around.opened)]
    yield hook_chain(
        "forward",
        "filter hook forward",
        "filter",
        [f"iifname {own} goto from_tunnel", *into, *of_others(around.opened)],
    )
    yield chain(
        "from_tunnel", [*PASSES, *each("$ip daddr @nobodyv$v drop"), *each("$ip daddr @behindv$v accept"), "drop"]
    )
    yield chain("to_tunnel", [*PASSES, *each("$ip saddr @behindv$v accept"), "drop"])
    yield chain("of_others", OF_OTHERS)
    yield hook_chain("clamp", "filter hook forward", "mangle", clamp(own, around.mtu))
