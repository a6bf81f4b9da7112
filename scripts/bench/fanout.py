"""One change that concerns many connected agents, on the deployed local cloud, over real WebSockets.

From the request sent to the frame received. Agents listen in a process of their own; the front
that joins sockets and API runs in this one.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import requests

from chalicelib.wire.codec import encode
from chalicelib.wire.frames import ConfigChanged
from infra.stack.deploy import environment_of
from infra.stack.local_stack import LocalStack
from scripts.bench.deployed import CALL_S, create_agents, create_network, operator
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.fleet import Fleet

ROOT = Path(__file__).parents[2]
AGENTS = 1_000
ROUNDS = 7
SETTLED_MS = 5_000  # a change that all heard of within: what their coming led to is through
PROBES = 20  # changes that are not counted, at most

BARS = (Bar("fanout_p95_ms", 1_454, is_paced=True),)  # the comparison system on PostgreSQL: p50 1454 ms, p95 2192 ms


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        return measured_on(stack, say, AGENTS, ROUNDS)


def measured_on(stack: LocalStack, say: Say, agents: int, rounds: int) -> list[Figure]:
    """Medians of rounds of each round's percentiles. Waits until all have heard of each change, for minutes."""
    with operator(stack) as session:
        network = create_network(session, stack, f"bench-{uuid.uuid4().hex[:8]}", agents)
        tokens = [peer["enrollment_token"] for peer in create_agents(session, network, 0, agents, say)]
        fleet = Fleet(stack.info["api_url"], stack.info["ws_url"], tokens)
        say(f"{agents} agents enrol and connect")
        with _listening(fleet) as listeners:
            _settle(session, network, listeners, say)
            counted = [_round(session, network, listeners, number, say) for number in range(rounds)]
            revision = session.get(network, timeout=CALL_S).json()["revision"]
            with _posting(stack, network) as posting:
                bare = [_bare_round(posting, listeners, network, revision + 1 + n, say) for n in range(rounds)]
    return [
        Figure("fanout_p50_ms", _median(counted, 0.50), "ms", agents),
        Figure("fanout_p95_ms", _median(counted, 0.95), "ms", agents),
        Figure("fanout_last_ms", _median(counted, 1.0), "ms", agents),
        Figure("fanout_bare_posts_p95_ms", _median(bare, 0.95), "ms", agents),
        Figure("fanout_over_bare_posts", round(_median(counted, 0.95) / _median(bare, 0.95), 2), "times", agents),
    ]


@contextmanager
def _listening(fleet: Fleet) -> "Iterator[subprocess.Popen[str]]":
    """A process in which the agents listen; it ends with the block."""
    command = [sys.executable, "-m", "scripts.bench.fleet"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        _tell(process, encode(fleet).decode())
        if (said := _answer(process)) != "connected":
            raise RuntimeError(f"the agents did not connect: {said}")
        yield process
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def _posting(stack: LocalStack, network: str) -> "Iterator[subprocess.Popen[str]]":
    """A process that posts to the network's sockets as fast as it can; it ends with the block."""
    assert stack.deployed is not None
    environment = environment_of(stack.cloud, stack.deployed.functions["Deliver"])
    command = [sys.executable, "-m", "scripts.bench.bare_posts", network.rpartition("/")[2]]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _bare_round(
    posting: "subprocess.Popen[str]", listeners: "subprocess.Popen[str]", network: str, revision: int, say: Say
) -> Sequence[float]:
    """Post the frame of a revision that nobody made; milliseconds until each agent heard, ascending."""
    frame = ConfigChanged(network_id=network.rpartition("/")[2], generation=1, revision=revision)
    _tell(posting, encode(frame).decode())
    _tell(listeners, str(revision))
    sent = float(_answer(posting))
    heard = msgspec.json.decode(_answer(listeners), type=list[float])
    delays = sorted((at - sent) * 1000 for at in heard)
    say(f"bare posts: the last of {len(delays)} heard after {delays[-1]:.0f} ms")
    return delays


def _settle(session: requests.Session, network: str, listeners: "subprocess.Popen[str]", say: Say) -> None:
    """Change something until that is heard soon: plans of the enrolments come first, and more workers start."""
    for number in range(-PROBES, 0):
        if _round(session, network, listeners, number, say)[-1] <= SETTLED_MS:
            return
    say(f"it did not settle: after {PROBES} changes the last hear later than {SETTLED_MS} ms")


def _round(
    session: requests.Session, network: str, listeners: "subprocess.Popen[str]", number: int, say: Say
) -> Sequence[float]:
    """Change something that stands in every bundle; milliseconds until each agent heard, ascending."""
    sent = time.monotonic()
    changed = session.patch(network, json={"dns": [f"192.0.2.{100 + number}"]}, timeout=CALL_S).json()
    _tell(listeners, str(changed["revision"]))
    heard = msgspec.json.decode(_answer(listeners), type=list[float])
    delays = sorted((at - sent) * 1000 for at in heard)
    say(f"change {number}: the last of {len(delays)} heard after {delays[-1]:.0f} ms")
    return delays


def _median(rounds: Sequence[Sequence[float]], share: float) -> float:
    return round(statistics.median(delays[min(len(delays) - 1, int(share * len(delays)))] for delays in rounds), 1)


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _answer(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


GROUP = Group("a change told to 1,000 agents on the local cloud", measure, BARS)
