"""The agent's memory and what it logs: idle in the laboratory, and over long outages in simulated time."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from infra.demo.api import Api
from infra.demo.deployment import Deployment, Info
from infra.demo.fleet import SITES, Fleet
from infra.lab import Lab
from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.simulation import RECONNECTS, offline_log_lines, resident_mb, rss_growth_mb

IDLE_S = 20.0
BARS = (
    Bar("agent_offline_log_lines", 1_500),  # of a day; one a minute is 1,440
    Bar("agent_rss_growth_mb", 2),
    Bar("agent_rss_mb", 45),
)


def measure(say: Say) -> Sequence[Figure]:
    say("a day without a control plane, simulated")
    lines = offline_log_lines()
    say(f"{RECONNECTS} reconnects, simulated")
    growth = rss_growth_mb()
    return [
        Figure("agent_offline_log_lines", lines, "lines", 1),
        Figure("agent_rss_growth_mb", growth, "MB", RECONNECTS),
        Figure("agent_rss_mb", _idle_rss_mb(say), "MB", len(SITES)),
    ]


def _idle_rss_mb(say: Say) -> float:
    """Resident memory of the larger of two regular agents behind NAT, connected and idle."""
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
        Lab() as lab,
    ):
        deployment = Deployment.of(msgspec.convert(stack.info, Info))
        api = Api(deployment.api_url, deployment.api_token)
        fleet = Fleet(api, lab, lab.publish(deployment.port), deployment.agent_command)
        fleet.raise_up(say)
        time.sleep(IDLE_S)
        processes = [fleet.agents[name].process for name in SITES]
        largest = max(resident_mb(process.pid) for process in processes if process is not None)
        api.close()
    return round(largest, 1)


GROUP = Group("the agent's memory, and its log while the control plane is away", measure, BARS)
