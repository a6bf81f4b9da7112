"""The order of steps: whatever is interrupted, nobody has more than either bundle gives."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given

from agent.host.firewall.nftables import Table
from agent.host.prefixes import Prefix
from agent.host.tunnel.difference import NOTHING, Memory, changing_hands_within, difference
from agent.host.tunnel.live import ABSENT, HostTunnelState
from agent.host.tunnel.steps import (
    REMOVALS_AT_ONCE,
    Configure,
    CreateInterface,
    EnableForwarding,
    Firewall,
    Lay,
    LoadTable,
    Poke,
    RemovePeers,
    Step,
    StopForwarding,
    ordered,
)
from agent.host.tunnel.wanted import WantedTunnel
from tests.agent.builders import a_public_key
from tests.agent.host.tunnel.test_difference import OWN_KEY, POOL, hosts, memories, wanted

SETTLED = Firewall(table=None, is_due=False)
DUE = Firewall(table=Table("wy00000001", "", {}, {}), is_due=True, forwarding=EnableForwarding((), has_ipv6=False))


def kinds(steps: tuple[Step, ...]) -> list[type]:
    return [type(step) for step in steps]


def test_no_difference_is_no_step() -> None:
    assert ordered(NOTHING, SETTLED) == ()


@given(hosts(), wanted(), memories())
def test_killed_after_any_step_nobody_has_a_prefix_that_the_policy_in_force_gives_another(
    live: HostTunnelState, want: WantedTunnel, memory: Memory
) -> None:
    """The policy of a bundle is about the prefixes that the same bundle gives."""
    had = {key: peer.allowed_ips for key, peer in live.peers.items()}
    gives = {key: section.allowed_ips for key, section in want.sections.items()}
    has, given_now = dict(had), had

    for step in ordered(difference(live, want, OWN_KEY, memory), DUE):
        if isinstance(step, RemovePeers):
            has = {key: prefixes for key, prefixes in has.items() if key not in step.public_keys}
        elif isinstance(step, LoadTable):
            given_now = gives
        elif isinstance(step, Configure):
            has = configured(has, step)
        for key, prefixes in has.items():
            assert prefixes <= given_now.get(key, frozenset()), step

    assert has == gives


@given(hosts(), wanted(), memories())
def test_killed_after_any_step_no_address_is_with_whom_the_policy_in_force_takes_for_another(
    live: HostTunnelState, want: WantedTunnel, memory: Memory
) -> None:
    """Also where a prefix lies in a range of another peer, who has it while nobody else does."""
    plan = difference(live, want, OWN_KEY, memory)
    handed = changing_hands_within(live, want, plan)
    barrier = Table("wy00000001", "barred", {}, {}) if handed else None
    had = {key: peer.allowed_ips for key, peer in live.peers.items()}
    gives = {key: section.allowed_ips for key, section in want.sections.items()}
    has, in_force, barred = dict(had), had, frozenset[Prefix]()

    for step in ordered(plan, replace(DUE, barrier=barrier)):
        if isinstance(step, RemovePeers):
            has = {key: prefixes for key, prefixes in has.items() if key not in step.public_keys}
        elif isinstance(step, LoadTable):
            in_force, barred = gives, handed if step.table is barrier and barrier is not None else frozenset()
        elif isinstance(step, Configure):
            has = configured(has, step)
        for prefix in POOL:
            address = prefix.broadcast_address
            holder = owner(has, address)
            is_barred = any(address in one for one in barred)
            assert holder in (None, owner(in_force, address)) or is_barred, (step, address)

    assert (has, barred) == (gives, frozenset())


def owner(has: Mapping[str, frozenset[Prefix]], address: object) -> str | None:
    """Of the longest prefix that holds it, as both WireGuard and the policy take it."""
    found = [(prefix.prefixlen, key) for key, prefixes in has.items() for prefix in prefixes if address in prefix]
    return max(found)[1] if found else None


def configured(has: dict[str, frozenset[Prefix]], step: Configure) -> dict[str, frozenset[Prefix]]:
    """As WireGuard does: a section's prefixes replace its own, and leave all others."""
    for change in step.changes:
        taken = change.section.allowed_ips
        has = {key: prefixes - taken for key, prefixes in has.items()} | {change.section.public_key: taken}
    return has


@given(hosts(), wanted(), memories())
def test_addresses_routes_and_forwarding_come_after_the_policy(
    live: HostTunnelState, want: WantedTunnel, memory: Memory
) -> None:
    steps = ordered(difference(live, want, OWN_KEY, memory), DUE)

    loaded = kinds(steps).index(LoadTable)
    assert all(at > loaded for at, step in enumerate(steps) if isinstance(step, Lay | Poke | EnableForwarding))


@given(hosts(), wanted(), memories())
def test_every_change_is_made_once_and_what_only_loses_at_once(
    live: HostTunnelState, want: WantedTunnel, memory: Memory
) -> None:
    plan = difference(live, want, OWN_KEY, memory)

    for firewall in (SETTLED, DUE):
        steps = ordered(plan, firewall)
        configured = [change for step in steps if isinstance(step, Configure) for change in step.changes]
        removed = [key for step in steps if isinstance(step, RemovePeers) for key in step.public_keys]
        assert [configured.count(change) for change in plan.changes] == [1] * len(plan.changes)
        assert set(configured) - set(plan.changes) <= (set(plan.cuts) if firewall is DUE else set())
        assert removed == list(plan.removed)
        assert sum(step.sets_key for step in steps if isinstance(step, Configure)) == plan.sets_key
        assert (Lay in kinds(steps)) == plan.lays


@pytest.mark.parametrize(
    ("switch", "order"),
    [
        (EnableForwarding(("eth0",), True), [LoadTable, EnableForwarding]),
        (StopForwarding(), [StopForwarding, LoadTable]),
    ],
)
def test_nothing_is_forwarded_that_no_table_judges(
    switch: EnableForwarding | StopForwarding, order: list[type]
) -> None:
    assert kinds(ordered(NOTHING, Firewall(None, is_due=True, forwarding=switch))) == order


@given(wanted(), memories())
def test_a_host_without_an_interface_gets_one_first(want: WantedTunnel, memory: Memory) -> None:
    steps = ordered(difference(ABSENT, want, OWN_KEY, memory), DUE)

    assert kinds(steps)[0] is CreateInterface
    assert kinds(steps).count(CreateInterface) == 1
    assert EnableForwarding in kinds(steps)


@pytest.mark.parametrize(("count", "processes"), [(0, 0), (REMOVALS_AT_ONCE, 1), (REMOVALS_AT_ONCE + 1, 2)])
def test_peers_are_removed_up_to_500_in_one_process(count: int, processes: int) -> None:
    plan = replace(NOTHING, removed=tuple(a_public_key(str(number)) for number in range(count)))

    assert len(ordered(plan, SETTLED)) == processes
