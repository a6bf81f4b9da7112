"""Whatever is lost, doubled, late or out of order: every live agent ends with the bundle a fresh render gives."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tenacity import wait_none

from chalicelib.adapters.memory import peer as stored_peers
from chalicelib.entrypoints import streams
from tests.fleet.agent import FleetAgent
from tests.fleet.fleet import Fleet
from tests.fleet.mutations import MUTATIONS
from tests.fleet.operator import ACTS, Act

NUMBERS = st.integers(0, 39)
ROUTES = import_module("chalicelib.entrypoints.rest.agent")  # its package has a blueprint of that name
LUCK = st.integers(0, 2**32)
FEW = st.integers(1, 4)
ONE_IN_EIGHT = st.sampled_from([False] * 7 + [True])
acts = st.sampled_from(ACTS)
PLANS = (Fleet.plan, Fleet.plan_together, Fleet.plan_together, Fleet.plan_again, Fleet.fail_plan, Fleet.lose_record)
DELIVERIES = (Fleet.deliver, Fleet.deliver, Fleet.deliver_and_keep, Fleet.lose_messages)
MOVES = (
    FleetAgent.work,
    FleetAgent.exchange,
    FleetAgent.stir,
    FleetAgent.drop,
    FleetAgent.blink,
    FleetAgent.restart,
    FleetAgent.leave,
)


class Diverged(AssertionError):
    """An agent ran something else than it should."""


def _require_none(failures: Sequence[object]) -> None:
    if failures:
        raise Diverged("\n".join(map(str, failures)))


class Convergence(RuleBasedStateMachine):
    """Rules let one thing happen; in the end traffic flows again for two heartbeats, or, when a record of the
    stream was lost without a trace, for two hourly fetches."""

    fleet: Fleet

    def __init__(self) -> None:
        super().__init__()
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(stored_peers, "PAGE", 3)
        self.patches.setattr(streams, "wait_random_exponential", lambda **_: wait_none())
        self.drifts: list[Any] = []
        self.patches.setattr(ROUTES, "count", lambda *args, **fields: self.drifts.append((args, fields)))

    @initialize(pushes=st.booleans(), records=ONE_IN_EIGHT, removed=ONE_IN_EIGHT)
    def begin(self, pushes: bool, records: bool, removed: bool) -> None:
        self.loses_pushes, self.loses_records, self.is_removed = pushes, records, removed
        self.fleet = Fleet()

    @rule(luck=LUCK, changes=st.lists(st.tuples(acts, NUMBERS, NUMBERS), min_size=1, max_size=4))
    def change(self, luck: int, changes: list[tuple[Act, int, int]]) -> None:
        self.fleet.turn(luck)
        for act, a, b in changes:
            act(self.fleet.operator, a, b)
        self.fleet.notice()

    @rule(at=NUMBERS)
    def enrol(self, at: int) -> None:
        self.fleet.enrol(at)

    @rule(how=st.sampled_from(PLANS), at=NUMBERS)
    def plan(self, how: Callable[[Fleet, int], None], at: int) -> None:
        if how is not Fleet.lose_record or self.loses_records:
            how(self.fleet, at)

    @rule(luck=LUCK, how=st.sampled_from(DELIVERIES), most=FEW)
    def deliver(self, luck: int, how: Callable[[Fleet, int], None], most: int) -> None:
        self.fleet.turn(luck)
        how(self.fleet, most)

    @rule(luck=LUCK, how=st.sampled_from(MOVES), at=NUMBERS)
    def move(self, luck: int, how: Callable[[FleetAgent], None], at: int) -> None:
        self.fleet.turn(luck)
        how(self.fleet.agent(at))

    @rule(luck=LUCK, at=NUMBERS, is_full=st.booleans(), after=st.integers(1, 6), act=acts, a=NUMBERS, b=NUMBERS)
    def change_while_reading(self, luck: int, at: int, is_full: bool, after: int, act: Act, a: int, b: int) -> None:
        self.fleet.turn(luck)
        agent = self.fleet.agent(at)
        if is_full:
            agent.compare()
        self.fleet.interrupt(agent, after, lambda: act(self.fleet.operator, a, b))

    @rule(at=NUMBERS, most=st.integers(0, 4))
    def fail_over(self, at: int, most: int) -> None:
        self.fleet.accuse(at)
        self.fleet.run_failover_tasks(most)

    @rule(luck=LUCK, seconds=st.sampled_from([1, 5, 30, 270]))
    def pass_time(self, luck: int, seconds: int) -> None:
        self.fleet.turn(luck)
        self.fleet.pass_time(timedelta(seconds=seconds))

    @rule(luck=LUCK)
    def flow(self, luck: int) -> None:
        """All of it moves on once, as the weather is."""
        self.fleet.turn(luck)
        self.fleet.flow()

    @invariant()
    def nothing_is_torn(self) -> None:
        _require_none(self.fleet.torn())

    def teardown(self) -> None:
        try:
            if hasattr(self, "fleet"):
                self._end()
        finally:
            self.patches.undo()

    def _end(self) -> None:
        if self.is_removed:
            self.fleet.world.api("DELETE", f"/networks/{self.fleet.network}?force=true")
        self.fleet.clear_up(self.loses_pushes)
        _require_none(self.fleet.torn())
        _require_none(self.fleet.failures())
        _require_none(self.drifts)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nobody reads the logs of so many calls."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def run(examples: int) -> None:
    """Always the same examples; they are not made smaller, for that takes longer than to read one."""
    run_state_machine_as_test(
        Convergence,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_live_agent_ends_with_the_bundle_that_a_fresh_render_gives() -> None:
    run(examples=80)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_without_any_of_what_it_rests_on_agents_diverge(
    mutation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)

    with pytest.raises(Diverged):
        run(examples=400)
