"""Every kind of copy is proved, or is listed as one that cannot be; seconds are those of the trace."""

from random import Random

import pytest

from tests.traces.cloned import BEGINS_S, KINDS
from tests.traces.judging import judged
from tests.traces.wireguard import at

SEEDS = 40


def times_to_detection(kind: str) -> list[float]:
    """Of each seed that blocks, from the beginning of the copy to the deciding fact, ascending."""
    traces = [judged(KINDS[kind].trace(Random(f"{kind} {seed}"))).blocks for seed in range(SEEDS)]
    return sorted((blocks[0].at - at(BEGINS_S)).total_seconds() for blocks in traces if blocks)


@pytest.mark.parametrize("kind", [name for name, clone in KINDS.items() if clone.within_s is not None])
def test_a_copy_is_proved(kind: str) -> None:
    clone = KINDS[kind]

    times = times_to_detection(kind)

    assert len(times) * 100 >= clone.least * SEEDS
    assert times[0] > 0
    assert clone.within_s is not None
    assert times[int(len(times) * 0.95) - 1] <= clone.within_s


def test_a_copy_that_only_listens_is_not_seen() -> None:
    assert times_to_detection("only_listens") == []
