"""When the core compares the host with the bundle in force."""

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from agent.host.results import ApplyResult
from tests.agent.builders import a_bundle
from tests.agent.core.agents import MADE, Agent, a_connected_agent


def test_a_look_at_the_host_waits_for_the_work_at_hand() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    agent.fetch(a_bundle(6))
    agent.fire(Timer.RECONCILE)
    assert not agent.of(ef.Reconcile)
    agent.timer(Timer.RECONCILE)
    agent.apply(a_bundle(6))

    assert agent.fire(Timer.RECONCILE) == [ef.Reconcile()]


def test_a_host_that_others_changed_is_looked_at_now() -> None:
    agent = a_connected_agent(revision=5)

    assert agent.take(ev.HostChanged(at_s=agent.now_s)) == [ef.Reconcile()]


def test_a_change_by_others_while_the_agent_is_at_work_is_looked_at_right_after() -> None:
    agent = a_connected_agent(revision=5)
    agent.take(ev.HostChanged(at_s=agent.now_s))

    meanwhile = agent.take(ev.HostChanged(at_s=agent.now_s))
    agent.take(ev.Reconciled(made=MADE))
    after = agent.of(ef.Reconcile)
    agent.take(ev.Reconciled(made=ApplyResult(is_changed=False)))

    assert (meanwhile, after, agent.of(ef.Reconcile)) == ([], [ef.Reconcile()], [])


def test_a_host_that_refuses_is_tried_by_its_timer_and_not_by_what_the_tries_stir_up() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.RECONCILE)
    agent.take(ev.ReconcileFailed(error="no /dev/net/tun"))

    assert agent.take(ev.HostChanged(at_s=agent.now_s)) == []
    assert agent.fire(Timer.RECONCILE) == [ef.Reconcile()]


def test_a_host_without_a_bundle_has_nothing_to_heal() -> None:
    agent = Agent()
    agent.take(ev.Started(saved=None))

    assert agent.take(ev.HostChanged()) == []


def test_an_unresolved_endpoint_brings_the_next_look_forward() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.RECONCILE)

    agent.take(ev.Reconciled(made=ApplyResult(is_changed=True, is_unresolved=True)))

    assert agent.timer(Timer.RECONCILE).high_s < 10
