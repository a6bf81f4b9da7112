"""The agent as processes in a namespace, against a control plane on its loopback."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.identity.enrollment import interface_name
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle
from tests.agent.namespace import Namespace
from tests.agent.origin import Origin
from tests.agent.survivors import end_survivors

INTERFACE = interface_name(NETWORK_ID, PEER_ID)
ROOT = Path(__file__).parents[2]
WITHIN_S = 60.0


@dataclass
class Laboratory:
    inside: Namespace
    origin: Origin
    state: Path
    agents: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        def call() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "agent", *words, "--state-dir", str(self.state)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=WITHIN_S,
            )

        return self.inside.do(call)

    def enroll(self) -> None:
        done = self.command("enroll", "--server", self.origin.url, "--token", self.origin.token)
        assert done.returncode == 0, done.stderr

    def start(self, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "agent", "run", "--state-dir", str(self.state), *words]
        with (self.state / "log").open("a") as log:
            agent = self.inside.do(lambda: subprocess.Popen(command, cwd=ROOT, stderr=log, text=True))
        self.agents.append(agent)
        return agent

    def log(self) -> str:
        return (self.state / "log").read_text()

    def wg(self, what: str) -> str:
        return self.inside.sh(f"wg show {INTERFACE} {what} 2>/dev/null || true").strip()

    def status(self) -> dict[str, object]:
        shown: dict[str, object] = json.loads(self.command("status", "--json").stdout)
        return shown

    def end(self) -> None:
        for agent in self.agents:
            agent.kill()
            agent.wait()
        end_survivors(self.state)


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    with Namespace() as inside:
        origin = Origin(network_id=NETWORK_ID, peer_id=PEER_ID, bundle=a_bundle(revision=1))
        inside.do(origin.__enter__)
        made = Laboratory(inside, origin, tmp_path)
        yield made
        made.end()
        origin.__exit__()


def until(claim: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    end = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
