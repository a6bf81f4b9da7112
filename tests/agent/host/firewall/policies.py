"""Policies for tests of tables."""

from ipaddress import ip_network
from typing import Any

from agent.host.firewall.policy import OWN_SETS, Exit, Policy, Rule, outermost, parse_member


def a_policy(*rules: Rule, exits: tuple[Exit, ...] = (), **sets: Any) -> Policy:
    named = {name: outermost(map(parse_member, cidrs)) for name, cidrs in sets.items()}
    return Policy(sets={**dict.fromkeys(OWN_SETS, ()), **named}, rules=rules, exits=exits)


def an_exit(cidr: str, is_masqueraded: bool = True) -> Exit:
    return Exit(ip_network(cidr), is_masqueraded)
