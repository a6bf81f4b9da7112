"""What peers that are there cost a new one, on the deployed local cloud."""

import statistics
import tempfile
import time
import uuid
from pathlib import Path

import requests

from infra.stack.local_stack import LocalStack
from scripts.bench.deployed import CALL_S, create_agents, create_network, operator
from scripts.bench.figures import Bar, Figure, Group, Say

FEW, MANY = 20, 1_000
ROUNDS = 25
QUIET_S = 5.0  # until what was created before is planned

BARS = (Bar("local_create_growth", 1.5),)


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        return measured_on(stack, say, FEW, MANY, ROUNDS, QUIET_S)


def measured_on(stack: LocalStack, say: Say, few: int, many: int, rounds: int, quiet_s: float = 0.0) -> list[Figure]:
    """Creates one by one at two sizes of a network, after a pause: medians, and the larger's over the smaller's."""
    with operator(stack) as session:
        network = create_network(session, stack, f"bench-{uuid.uuid4().hex[:8]}", many)
        create_agents(session, network, 0, few, say)
        time.sleep(quiet_s)
        at_few = _create_ms(session, network, few, rounds)
        create_agents(session, network, few, many, say)
        time.sleep(quiet_s)
        at_many = _create_ms(session, network, many, rounds)
    return [
        Figure("local_create_ms", at_few, "ms", few),
        Figure("local_create_ms", at_many, "ms", many),
        Figure("local_create_growth", round(at_many / at_few, 2), "", many),
    ]


def _create_ms(session: requests.Session, network: str, size: int, rounds: int) -> float:
    times = [_one_ms(session, network, f"one more {size} {number}") for number in range(rounds)]
    return round(statistics.median(times), 1)


def _one_ms(session: requests.Session, network: str, name: str) -> float:
    began = time.perf_counter()
    session.post(f"{network}/peers", json={"kind": "dynamic", "name": name}, timeout=CALL_S).raise_for_status()
    return (time.perf_counter() - began) * 1000


GROUP = Group("creating peers on the local cloud as a network grows", measure, BARS)
