"""`suspicious_activity`: an address or a machine that changes more often than people do. It proves nothing."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv6Address

from chalicelib.domain.incident.evidence import Heartbeat, Observation, address_of, site_of
from chalicelib.domain.incident.finding import Line, Rule, Sign
from chalicelib.domain.incident.memory import MOST_MOVES, MOST_SIGNS, Hosts, Memory, Watched, newest
from chalicelib.domain.incident.rules import Rules

MOST_FORMER = 4


def moved(watched: Watched, fact: Observation, rules: Rules) -> tuple[Watched, tuple[Sign, ...]]:
    """Count changes of address within each family: a host with IPv4 and IPv6 goes from one to the other and back."""
    site, is_v6 = site_of(fact.endpoint), isinstance(address_of(fact.endpoint), IPv6Address)
    before = watched.site_v6 if is_v6 else watched.site_v4
    after = replace(watched, site_v6=site) if is_v6 else replace(watched, site_v4=site)
    after = replace(after, site_at=fact.frame.at)
    if before in (None, site):
        return after, ()
    after = replace(after, moves=newest(watched.moves, fact.frame.at, MOST_MOVES))
    return after, tuple(
        sign for sign in (_many(after, fact, rules), _another(watched, fact, rules)) if sign is not None
    )


def spoke(memory: Memory, fact: Heartbeat, rules: Rules) -> tuple[Memory, Sign | None]:
    """Count how often the machine was one that it had been before. Older frames say nothing new."""
    hosts, host, at = memory.hosts, fact.host, fact.frame.at
    if host is None or (hosts is not None and at <= hosts.at):
        return memory, None
    if hosts is None or hosts.current == host:
        return replace(memory, hosts=Hosts(host, at) if hosts is None else replace(hosts, at=at)), None
    former = tuple(one for one in hosts.former if one not in (host, hosts.current))
    is_back = host in hosts.former
    times = newest(hosts.returns, at, MOST_SIGNS) if is_back else hosts.returns
    window = timedelta(seconds=rules.address_window_s)
    within = [time for time in times if at - time <= window]
    after = replace(memory, hosts=Hosts(host, at, newest(former, hosts.current, MOST_FORMER), times))
    if not is_back or len(within) < rules.host_returns:
        return after, None
    text = f"the agent named machine {host.hostname} again, after {hosts.current.hostname}"
    summary = f"The peer's agent changes between machines: {host.hostname} and {hosts.current.hostname}."
    return after, Sign(Rule.CHANGING_HOST, at, summary, (Line(at, text),))


def _many(watched: Watched, fact: Observation, rules: Rules) -> Sign | None:
    window = timedelta(seconds=rules.address_window_s)
    count = sum(fact.frame.at - move <= window for move in watched.moves)
    if count <= rules.address_changes:
        return None
    text = f"jump {watched.name} saw it at {fact.endpoint}, the {count}th change of address within its time"
    summary = f"The peer's public address changed {count} times within {rules.address_window_s / 3600:.0f} h."
    return Sign(
        Rule.MANY_ADDRESSES,
        fact.frame.at,
        summary,
        (Line(fact.frame.at, text, watched.observer_id, fact.endpoint),),
        watched.observer_id,
    )


def _another(before: Watched, fact: Observation, rules: Rules) -> Sign | None:
    """The strict rule, where it is switched on."""
    if not rules.strict or before.site_at is None:
        return None
    passed_s = (fact.frame.at - before.site_at).total_seconds()
    if passed_s > rules.strict_s:
        return None
    text = f"jump {before.name} saw it at {fact.endpoint}, {passed_s:.0f} s after {before.endpoint}"
    summary = "The peer was seen at another address within the time of the strict rule."
    return Sign(
        Rule.ANOTHER_ADDRESS,
        fact.frame.at,
        summary,
        (Line(fact.frame.at, text, before.observer_id, fact.endpoint),),
        before.observer_id,
    )
