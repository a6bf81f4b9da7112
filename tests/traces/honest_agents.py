"""Agents whose runs and statements look like two of them: each kind is a function of a seed's random numbers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from chalicelib.domain.incident.evidence import HostIdentity
from tests.traces.agents import AGENT, Run, hosts, ran
from tests.traces.places import DURATION_S, HOME, LTE, Trace, always, busy
from tests.traces.wireguard import Device, Telling, simulated, told


def agent_restarts(rng: Random) -> Trace:
    stop = rng.uniform(30, 900)
    runs = [Run("a", 0, stop, late_s=5), Run("b", stop + rng.uniform(0.1, 20))]
    return ran([replace(run, pace_s=rng.choice([5, 540])) for run in runs], DURATION_S, rng).facts


def rolling_update(rng: Random) -> Trace:
    """The next instance runs beside the last one for up to 90 s, on another machine perhaps."""
    starts, runs = 0.0, list[Run]()
    for i, host in enumerate(hosts(rng, 4)):
        end = starts + rng.uniform(200, 400)
        runs.append(Run(f"r{i}", starts, end, pace_s=rng.choice([1, 10, 540]), host=host))
        starts = end - rng.uniform(1, 89)
    return ran(runs, DURATION_S, rng).facts


def crash_loop(rng: Random) -> Trace:
    spans, t = list[tuple[float, float]](), 0.0
    while t < DURATION_S:
        end = t + rng.uniform(1, 30)
        spans.append((t, end))
        t = end + rng.uniform(0.5, 5)
    return ran([Run(f"r{i}", *span, late_s=5, pace_s=5) for i, span in enumerate(spans)], DURATION_S, rng).facts


def lost_answers(rng: Random) -> Trace:
    return ran([Run("a", 0, pace_s=20, lost=0.5, late_s=8)], DURATION_S, rng).facts


def renamed_machine(rng: Random) -> Trace:
    names = [
        HostIdentity("laptop", "macOS", "m"),
        HostIdentity("Anns-laptop", "macOS", "m"),
        HostIdentity("laptop", "macOS", "m"),
    ]
    cuts = [0.0, 400.0, 800.0]
    return ran(
        [Run(f"r{i}", cut, cut + 395, host=name) for i, (cut, name) in enumerate(zip(cuts, names, strict=True))],
        DURATION_S,
        rng,
    ).facts


def agent_with(rng: Random, device: Device, run: Run, loss: float = 0.0, how: Telling | None = None) -> Trace:
    """An agent that says which handshakes it made, beside the jump that saw them."""
    looks = simulated([device], DURATION_S, rng, loss)
    made = sorted({look.handshake_at + rng.uniform(-0.5, 0.5) for look in looks})
    seen = told(looks, rng, how, AGENT)
    return ran([replace(run, made=made)], DURATION_S, rng, seen).facts


def agent_says_what_it_made(rng: Random) -> Trace:
    return agent_with(rng, Device(always(HOME), talks=busy(rng)), Run("a", 0, pace_s=60))


def agent_sleeps_with_a_frame_on_the_way(rng: Random) -> Trace:
    """Its frames arrive up to two minutes after they were made, with the ages they had then."""
    held = [(t, t + rng.uniform(30, 115)) for t in (300.0, 600.0, 1000.0)]
    return agent_with(rng, Device(always(HOME), talks=busy(rng)), Run("a", 0, pace_s=45, held=held))


def agent_of_a_held_up_jump(rng: Random) -> Trace:
    how = Telling(stalls=[(t, t + rng.uniform(20, 110)) for t in (300.0, 700.0, 1100.0)], clock_s=rng.uniform(-90, 90))
    return agent_with(rng, Device(always(HOME), talks=busy(rng)), Run("a", 0, pace_s=60), how=how)


def agent_on_a_lossy_link(rng: Random) -> Trace:
    return agent_with(rng, Device(always(LTE), talks=[(0, DURATION_S)]), Run("a", 0, pace_s=60), loss=0.35)


KINDS: Mapping[str, Callable[[Random], Trace]] = {
    kind.__name__: kind
    for kind in (
        *(agent_restarts, rolling_update, crash_loop, lost_answers, renamed_machine),
        *(agent_says_what_it_made, agent_sleeps_with_a_frame_on_the_way),
        *(agent_of_a_held_up_jump, agent_on_a_lossy_link),
    )
}
