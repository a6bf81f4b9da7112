"""One API token floods the deployed local cloud with writes: how much longer another's calls take meanwhile."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say

WRITES_PER_MINUTE = 120
ROUNDS = 25  # a write and a read each, before and during the flood: below the other's own limit
FLOODERS = 2
ANSWERS_S = 30.0

BARS = (Bar("flood_ratio", 2),)


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say, limits={"WritesPerMinute": str(WRITES_PER_MINUTE)}) as stack,
    ):
        return measured_on(stack, say, ROUNDS)


def measured_on(stack: LocalStack, say: Say, rounds: int) -> list[Figure]:
    """The median time of another's calls, before and while one floods and is told to come back later."""
    root = Caller(stack.info["api_url"], stack.info["api_token"])
    quiet, loud = root.another("quiet", "10.90.0.0/24"), root.another("loud", "10.91.0.0/24")
    quiet.timed(rounds)  # warm
    calm_ms = quiet.timed(rounds)
    stop, refused = threading.Event(), threading.Event()
    flooders = [threading.Thread(target=loud.flood, args=(stop, refused.set)) for _ in range(FLOODERS)]
    for flooder in flooders:
        flooder.start()
    try:
        say("one floods")
        if not refused.wait(60):
            raise TimeoutError("the flood met no limit")
        time.sleep(60 - time.time() % 60)  # the other's own minute is new
        flooded_ms = quiet.timed(rounds)
    finally:
        stop.set()
        for flooder in flooders:
            flooder.join()
    return [
        Figure("calm_call_ms", round(calm_ms, 1), "ms", rounds),
        Figure("flooded_call_ms", round(flooded_ms, 1), "ms", rounds),
        Figure("flood_ratio", round(flooded_ms / calm_ms, 2), "times", rounds),
    ]


GROUP = Group("how much longer calls take while another floods", measure, BARS)


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls with a token; `path`: of a network of its own."""

    api_url: str
    token: str
    path: str = ""

    def another(self, name: str, cidr: str) -> "Caller":
        """A token of an operator who sees one new network."""
        network = self.call("POST", "/networks", {"name": name, "cidr": cidr}).json()["id"]
        body = {"name": name, "role": "operator", "networks": [network]}
        token = self.call("POST", "/tokens", body).json()["secret"]
        return Caller(self.api_url, token, f"/networks/{network}")

    def timed(self, rounds: int) -> float:
        """The median milliseconds of a write and a read. Raises AssertionError: a call was refused."""
        taken: list[float] = []
        for number in range(rounds):
            for method, body in (("PATCH", {"dns": [f"10.0.0.{number + 1}"]}), ("GET", None)):
                started = time.perf_counter()
                answer = self.call(method, self.path, body)
                taken.append((time.perf_counter() - started) * 1000)
                assert answer.status_code == HTTPStatus.OK, answer.text
        return statistics.median(taken)

    def flood(self, stop: threading.Event, refused: Callable[[], None]) -> None:
        """Write as fast as one is answered. `refused`: is told of each answer that says it is too often."""
        number = 0
        while not stop.is_set():
            number += 1
            answer = self.call("PATCH", self.path, {"dns": [f"10.1.0.{number % 250 + 1}"]})
            if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                refused()

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, self.api_url + path, json=body, headers=headers, timeout=ANSWERS_S)
