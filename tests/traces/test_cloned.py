"""Every kind of copy is proved, or is listed as one that cannot be; seconds are those of the trace."""

from random import Random

import pytest

from chalicelib.domain.incident.rules import IncidentType
from tests.traces.cloned import KINDS
from tests.traces.judging import Judged, judged
from tests.traces.wireguard import at

SEEDS = 40
PROVABLE = [name for name, clone in KINDS.items() if clone.within_s is not None]
ALL_BUT = 0.05  # of the traces of a kind, those that nothing is said of: the second device is hidden by the first


def of_kind(kind: str) -> list[tuple[float, Judged]]:
    """The beginning of the copy, and what was found, for each seed."""
    traces = (KINDS[kind].trace(Random(f"{kind} {seed}")) for seed in range(SEEDS))
    return [(begin, judged(trace)) for begin, trace in traces]


@pytest.mark.parametrize("kind", PROVABLE)
def test_a_copy_is_proved_in_time(kind: str) -> None:
    clone, traces = KINDS[kind], of_kind(kind)

    times = sorted((found.blocks[0].at - at(begin)).total_seconds() for begin, found in traces if found.blocks)
    noticed = [any(one.type is not IncidentType.SUSPICIOUS_ACTIVITY for one in found.findings) for _, found in traces]

    assert len(times) * 100 >= clone.least * SEEDS
    assert times[0] > 0
    assert clone.within_s is not None
    assert times[int(len(times) * 0.95) - 1] <= clone.within_s
    assert sum(noticed) >= SEEDS * (1 - ALL_BUT)


def test_a_copy_that_only_listens_is_not_seen() -> None:
    assert all(found.findings == () for _, found in of_kind("only_listens"))
