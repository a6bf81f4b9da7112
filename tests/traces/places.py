"""Where a device is and when it talks, by a seed's random numbers; and facts in order."""

from bisect import bisect
from collections.abc import Sequence
from random import Random

from chalicelib.domain.incident.evidence import Fact, Lifecycle
from tests.traces.wireguard import Device, Path, Telling, simulated, told

DURATION_S = 1200.0
HOME, CAFE, LTE = "198.51.100.7:51820", "203.0.113.9:40112", "192.0.2.44:2206"

Trace = Sequence[Fact]


def always(endpoint: str) -> Path:
    return lambda _: endpoint


def by_span(spans: Sequence[tuple[float, str | None]]) -> Path:
    """Where a device is: each span is its start and the endpoint from then on."""

    starts = [start for start, _ in spans]
    return lambda t: spans[max(0, bisect(starts, t) - 1)][1]


def dwelling(
    rng: Random, least: float, most: float, places: Sequence[str], stall: float = 0.0
) -> list[tuple[float, str | None]]:
    """From place to place by turns; `stall`: how long nothing passes after a change, at most."""
    t, spans, turn = 0.0, list[tuple[float, str | None]](), 0
    while t < DURATION_S:
        dwell = rng.uniform(least, most)
        if stall and turn:
            spans.append((t, None))
            spans.append((t + min(rng.uniform(0, stall), 0.9 * dwell), places[turn % len(places)]))
        else:
            spans.append((t, places[turn % len(places)]))
        t += dwell
        turn += 1
    return spans


def port(rng: Random) -> str:
    return f"198.51.100.7:{rng.randint(1025, 65000)}"


def one(device: Device, rng: Random, loss: float = 0.0, how: Telling | None = None, until: float = DURATION_S) -> Trace:
    return told(simulated([device], until, rng, loss), rng, how)


def busy(rng: Random) -> list[tuple[float, float]]:
    """Spans of traffic with pauses between."""
    t, spans = rng.uniform(0, 60), list[tuple[float, float]]()
    while t < DURATION_S:
        end = t + rng.uniform(20, 300)
        spans.append((t, end))
        t = end + rng.uniform(5, 120)
    return spans


def restarted_at(spans: Sequence[tuple[float, str | None]]) -> list[float]:
    return [start for start, _ in spans]


def ordered(facts: Sequence[Fact]) -> Trace:
    return sorted(facts, key=lambda fact: fact.at if isinstance(fact, Lifecycle) else fact.frame.at)
