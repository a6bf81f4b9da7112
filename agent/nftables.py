"""The text of the agent's own nftables table; pure.

Its chains judge the agent's interface alone and accept the rest, so the host's other
traffic goes on.
"""

from dataclasses import dataclass

TCP_IPV4_OVERHEAD_BYTES = 40
TCP_IPV6_OVERHEAD_BYTES = 60


@dataclass(frozen=True, slots=True)
class Rules:
    """A jump forwards between the peers on its interface, and nothing else."""

    interface: str
    mtu: int


def replacing(rules: Rules) -> str:
    """One transaction: the first line makes the deletion possible when no table exists."""
    return f"table inet {rules.interface}\ndelete table inet {rules.interface}\n{_table(rules)}"


def _table(rules: Rules) -> str:
    interface = rules.interface
    v4 = f"meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set {rules.mtu - TCP_IPV4_OVERHEAD_BYTES}"
    v6 = f"meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set {rules.mtu - TCP_IPV6_OVERHEAD_BYTES}"
    return f"""table inet {interface} {{
    chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname "{interface}" oifname "{interface}" accept
        iifname "{interface}" drop
        oifname "{interface}" drop
    }}
    chain clamp {{
        type filter hook forward priority mangle; policy accept;
        iifname "{interface}" {v4}
        iifname "{interface}" {v6}
        oifname "{interface}" {v4}
        oifname "{interface}" {v6}
    }}
}}
"""
