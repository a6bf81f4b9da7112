"""Nobody honest is blocked: every kind, with forty seeds."""

from random import Random

import pytest

from tests.traces import honest, honest_agents
from tests.traces.judging import judged

SEEDS = 40
KINDS = {**honest.KINDS, **honest_agents.KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_kind_is_never_blocked(kind: str) -> None:
    blocked = [seed for seed in range(SEEDS) if judged(KINDS[kind](Random(f"{kind} {seed}"))).blocks]

    assert blocked == []


def test_every_honest_kind_has_facts_to_judge() -> None:
    shortest = min(len(trace(Random(kind))) for kind, trace in KINDS.items())

    assert len(KINDS) >= 25
    assert shortest > 2
