"""What a flow between two sites loses when its home dies while packets to the control plane are dropped.

Real agents on real WireGuard between two jumps. In every other round the agents' sockets were cut
before, so that their calls hang in the black hole when the home dies; in the rest they still take
the sockets for open. From the last answer before to the first one by the other jump.
"""

import math
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from infra.demo.deployment import Deployment, Info
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab.probe import probe
from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.moves import BEFORE, EVERY_MS, MOVES_S, a_fleet

ROUNDS = 10
HANG_S = 4.0  # until every agent waits for a call

BARS = (Bar("rehome_under_drop_ms", 6_000),)


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        deployment = Deployment.of(msgspec.convert(stack.info, Info))
        gaps_ms: list[float] = []
        for number in range(ROUNDS):
            with a_fleet(deployment, say) as fleet:
                gaps_ms.append(_rehomed(fleet, deployment.port, are_calls_hanging=number % 2 == 0))
                say(f"round {number + 1} of {ROUNDS}: {gaps_ms[-1]:.0f} ms")
    return [
        Figure("rehome_under_drop_ms", round(_p95(gaps_ms), 1), "ms p95", len(gaps_ms)),
        Figure("rehome_calls_hang_ms", round(max(gaps_ms[::2]), 1), "ms worst", len(gaps_ms[::2])),
        Figure("rehome_socket_open_ms", round(max(gaps_ms[1::2]), 1), "ms worst", len(gaps_ms[1::2])),
    ]


GROUP = Group("what a flow loses when its home dies while packets to the control plane are dropped", measure, BARS)


def _rehomed(fleet: Fleet, port: int, *, are_calls_hanging: bool) -> float:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    until(lambda: other.node.reaches(site.peer.address, timeout_s=1), "the sites reach each other", MOVES_S)
    with ExitStack() as outage:
        outage.enter_context(fleet.lab.silence(port))
        if are_calls_hanging:
            fleet.lab.unpublish(port)
            outage.callback(fleet.lab.publish, port)
            time.sleep(HANG_S)
        with probe(other.node, site.node, site.peer.address, interval_ms=EVERY_MS, at_least=BEFORE) as flow:
            fleet.jump.node.run("ip", "link", "set", "eth0", "down")
            until(lambda: other.node.reaches(site.peer.address, timeout_s=1), "the sites reach each other", MOVES_S)
            return flow.finish().longest_gap_ms


def _p95(values: Sequence[float]) -> float:
    """By nearest rank: of ten the worst."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
