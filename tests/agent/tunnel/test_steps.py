"""The order of steps: whatever is interrupted, nobody has more than either bundle gives."""

from dataclasses import replace

import pytest
from hypothesis import given

from agent.firewall.nftables import Table
from agent.tunnel.desired import Desired
from agent.tunnel.live import ABSENT, Live
from agent.tunnel.reconcile import NOTHING, Memory, difference
from agent.tunnel.steps import (
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
    ordered,
)
from tests.agent.builders import a_public_key
from tests.agent.tunnel.test_reconcile import OWN_KEY, hosts, memories, wanted

SETTLED = Firewall(table=None, is_due=False, must_forward=False)
DUE = Firewall(table=Table("wy00000001", "", {}, {}), is_due=True, must_forward=True)


def kinds(steps: tuple[Step, ...]) -> list[type]:
    return [type(step) for step in steps]


@given(wanted())
def test_no_difference_is_no_step(want: Desired) -> None:
    assert ordered(NOTHING, want, SETTLED) == ()


@given(hosts(), wanted(), memories())
def test_removing_comes_before_the_firewall_and_granting_after_it(live: Live, want: Desired, memory: Memory) -> None:
    steps = ordered(difference(live, want, OWN_KEY, memory), want, DUE)

    loaded = kinds(steps).index(LoadTable)
    for at, step in enumerate(steps):
        if isinstance(step, RemovePeers):
            assert at < loaded
        elif isinstance(step, Configure):
            gains = [c for c in step.changes if not _loses(c.section.public_key, want, live)]
            assert not gains or at > loaded
        elif isinstance(step, Lay | Poke | EnableForwarding):
            assert at > loaded


@given(hosts(), wanted(), memories())
def test_every_change_is_in_just_one_step(live: Live, want: Desired, memory: Memory) -> None:
    plan = difference(live, want, OWN_KEY, memory)

    for firewall in (SETTLED, DUE):
        steps = ordered(plan, want, firewall)
        configured = [change for step in steps if isinstance(step, Configure) for change in step.changes]
        removed = [key for step in steps if isinstance(step, RemovePeers) for key in step.public_keys]
        assert sorted(c.section.public_key for c in configured) == sorted(c.section.public_key for c in plan.changes)
        assert removed == list(plan.removed)
        assert sum(step.sets_key for step in steps if isinstance(step, Configure)) == plan.sets_key
        assert (Lay in kinds(steps)) == plan.lays


@given(wanted(), memories())
def test_a_host_without_an_interface_gets_one_first(want: Desired, memory: Memory) -> None:
    steps = ordered(difference(ABSENT, want, OWN_KEY, memory), want, DUE)

    assert kinds(steps)[0] is CreateInterface
    assert kinds(steps).count(CreateInterface) == 1
    assert EnableForwarding in kinds(steps)


@pytest.mark.parametrize(("count", "processes"), [(0, 0), (REMOVALS_AT_ONCE, 1), (REMOVALS_AT_ONCE + 1, 2)])
def test_peers_are_removed_up_to_500_in_one_process(count: int, processes: int) -> None:
    plan = replace(NOTHING, removed=tuple(a_public_key(str(number)) for number in range(count)))
    nothing = Desired(None, 1420, frozenset(), {}, frozenset(), False)

    assert len(ordered(plan, nothing, SETTLED)) == processes


def _loses(key: str, want: Desired, live: Live) -> bool:
    return key in live.peers and not live.peers[key].allowed_ips <= want.sections[key].allowed_ips
