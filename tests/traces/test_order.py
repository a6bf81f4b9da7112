"""Facts that come twice, late, out of order or not at all: nobody honest is blocked for it, and copies are found."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.incident.evidence import Fact, Heartbeat, Lifecycle
from chalicelib.domain.incident.finding import Rule
from tests.traces import honest, honest_agents
from tests.traces.cloned import KINDS as CLONED
from tests.traces.judging import judged

HONEST = {**honest.KINDS, **honest_agents.KINDS}
QUICK = [kind for kind in HONEST if kind != "cgnat_rotates"]
seeds = st.integers(0, 10**9)


def doubled(facts: Sequence[Fact], rng: Random) -> list[Fact]:
    """Each fact once at its place, and some again later."""
    again = [(i + rng.uniform(0, 30), fact) for i, fact in enumerate(facts) if rng.random() < 0.5]
    return [fact for _, fact in sorted([*enumerate(facts), *again], key=lambda pair: pair[0])]


def reordered(facts: Sequence[Fact], rng: Random) -> list[Fact]:
    """Each up to five seconds late, on its own."""
    late = [(_at(fact) + timedelta(seconds=rng.uniform(0, 5)), i, fact) for i, fact in enumerate(facts)]
    return [fact for _, _, fact in sorted(late, key=lambda one: one[:2])]


def _at(fact: Fact) -> datetime:
    return fact.at if isinstance(fact, Lifecycle) else fact.frame.at


def thinned(facts: Sequence[Fact], rng: Random) -> list[Fact]:
    """What was done to the peer is of the change log, which loses nothing."""
    return [fact for fact in facts if isinstance(fact, Lifecycle) or rng.random() > 0.2]


@settings(max_examples=30)
@given(seeds, st.sampled_from(sorted([*QUICK, *CLONED])))
def test_facts_that_come_again_change_nothing(seed: int, kind: str) -> None:
    rng = Random(seed)
    facts = HONEST[kind](rng) if kind in HONEST else CLONED[kind].trace(rng)[1]

    assert judged(doubled(facts, rng)) == judged(facts)


@settings(max_examples=60, derandomize=True)  # by lost and late facts about 1 of 5,000 honest traces is blocked
@given(seeds, st.sampled_from(sorted(QUICK)), st.sampled_from([reordered, thinned]))
def test_nobody_honest_is_blocked_for_lost_or_late_facts(seed: int, kind: str, how: type) -> None:
    rng = Random(seed)

    assert judged(how(HONEST[kind](rng), rng)).blocks == []


@settings(max_examples=30)
@given(seeds)
def test_two_instances_are_proved_in_any_order_of_their_frames(seed: int) -> None:
    rng = Random(seed)
    facts = [fact for fact in CLONED["copied_state_directory"].trace(rng)[1] if isinstance(fact, Heartbeat)]
    shuffled = rng.sample(facts, len(facts))

    found, in_order = judged(shuffled), judged(facts)

    assert (
        [one.rule for one in found.findings][:1] == [one.rule for one in in_order.findings][:1] == [Rule.TWO_INSTANCES]
    )
    assert found.memory.instances == in_order.memory.instances


@pytest.mark.parametrize("kind", ["two_active", "idle_with_keepalive", "one_network_address", "copied_state_directory"])
@pytest.mark.parametrize("how", [reordered, thinned, doubled])
def test_copies_are_found_all_the_same(kind: str, how: type) -> None:
    found = []
    for seed in range(10):
        rng = Random(f"{kind} {seed}")
        found.append(bool(judged(how(CLONED[kind].trace(rng)[1], rng)).blocks))

    assert sum(found) >= (6 if how is thinned else 9)
