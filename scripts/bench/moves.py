"""What a flow between two sites loses when the home of one is moved, and when its home loses power.

Real agents on real WireGuard between two jumps, against the deployed local cloud; from the last
answer before to the first one after.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chalicelib.wire.peers import PatchPeer
from infra.demo.agent import Agent
from infra.demo.api import Api
from infra.demo.deployment import Deployment, Info
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import TWO_JUMPS, Lab
from infra.lab.probe import probe
from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say

JUMPS = ("jump", "jump-2")
ROUNDS = 3
MOVES = 2
EVERY_MS = 5.0
BEFORE = 200  # packets
MOVES_S = 120.0

BARS = (Bar("planned_move_ms", 1_000), Bar("failover_ms", 2_500))


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        deployment = Deployment.of(msgspec.convert(stack.info, Info))
        moved: list[float] = []
        failed: list[float] = []
        for number in range(ROUNDS):
            with a_fleet(deployment, say) as fleet:
                for move in range(MOVES):
                    say(f"round {number + 1} of {ROUNDS}: planned move {move + 1}")
                    moved.append(_planned_move(fleet, JUMPS[(move + 1) % 2]))
                say(f"round {number + 1} of {ROUNDS}: the home loses power")
                failed.append(_failover(fleet))
    return [
        Figure("planned_move_ms", round(statistics.median(moved), 1), "ms", len(moved)),
        Figure("planned_move_worst_ms", round(max(moved), 1), "ms", len(moved)),
        Figure("failover_ms", round(statistics.median(failed), 1), "ms", len(failed)),
        Figure("failover_worst_ms", round(max(failed), 1), "ms", len(failed)),
    ]


GROUP = Group("what a flow loses when a home is moved or dies", measure, BARS)


@contextmanager
def a_fleet(deployment: Deployment, say: Say) -> Iterator[Fleet]:
    """Two jumps, and two sites whose home is the first, in a laboratory of their own."""
    api = Api(deployment.api_url, deployment.api_token)
    with Lab(TWO_JUMPS) as lab:
        fleet = Fleet(api, lab, lab.publish(deployment.port), deployment.agent_command, JUMPS)
        fleet.raise_up(say)
        yield fleet
        fleet.remove()
    api.close()


def _planned_move(fleet: Fleet, to: str) -> float:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.agents[to]
    with probe(site.node, other.node, other.peer.address, interval_ms=EVERY_MS, at_least=BEFORE) as flow:
        fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(preferred_jump_id=jump.peer.id))
        until(lambda: _is_home(site, to, fleet), f"{to} carries the site", MOVES_S)
        return flow.finish().longest_gap_ms


def _failover(fleet: Fleet) -> float:
    """Of the site whose home dies; the move before brought both sites to the first jump."""
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    with probe(other.node, site.node, site.peer.address, interval_ms=EVERY_MS, at_least=BEFORE) as flow:
        fleet.jump.node.run("ip", "link", "set", "eth0", "down")
        until(lambda: _is_home(other, "jump-2", fleet), "the second jump carries the site", MOVES_S)
        until(lambda: other.node.reaches(site.peer.address, timeout_s=1), "the sites reach each other", MOVES_S)
        return flow.finish().longest_gap_ms


def _is_home(site: Agent, jump: str, fleet: Fleet) -> bool:
    """Whether the site's own WireGuard sends what it has for others to this jump."""
    ((_, wg),) = site.node.wg().items()
    ((_, hub),) = fleet.agents[jump].node.wg().items()
    return any("/24" in cidr for cidr in wg.peers[hub.public_key].allowed_ips)
