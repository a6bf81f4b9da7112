"""`python -m infra.demo` as a program: what it prints, and what is left when it is interrupted."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.demo.api import Api
from infra.demo.deployment import Deployment

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

ROOT = Path(__file__).parents[2]
RUNS_S = 120


@pytest.fixture
def agent(deployment: Deployment, tmp_path: Path) -> Path:
    """The agent by a name of the test's own, by which its processes are found."""
    named = tmp_path / "wirety-agent"
    named.symlink_to(deployment.agent_command)
    return named


@pytest.fixture
def directory(deployment: Deployment, agent: Path, tmp_path: Path) -> Path:
    """A directory in which the deployment is the running stack."""
    (tmp_path / ".local").mkdir()
    info = {
        "origin": f"http://127.0.0.1:{deployment.port}",
        "api_url": deployment.api_url,
        "api_token": deployment.api_token,
        "agent_command": str(agent),
    }
    (tmp_path / ".local/wirety.json").write_text(json.dumps(info))
    return tmp_path


@contextmanager
def a_demo(directory: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    demo = subprocess.Popen(
        [sys.executable, "-m", "infra.demo"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield demo
    finally:
        demo.kill()
        demo.communicate()


def networks_left(deployment: Deployment) -> list[str]:
    api = Api(deployment.api_url, deployment.api_token)
    return [network.name for network in api.networks() if network.name.startswith("demo-")]


def running(agent: Path) -> set[str]:
    """Pids of its processes, in whatever laboratory."""
    return {path.name for path in Path("/proc").glob("[0-9]*") if is_run_by(path, str(agent))}


def is_run_by(process: Path, program: str) -> bool:
    try:
        return program in (process / "cmdline").read_text().split("\0")
    except OSError:
        return False


def test_it_prints_one_object_and_holds_until_its_input_closes(
    directory: Path, agent: Path, deployment: Deployment
) -> None:
    with a_demo(directory, JSON="1", HOLD="1") as demo:
        assert demo.stdout is not None
        line = demo.stdout.readline()
        is_held = demo.poll() is None and len(running(agent)) >= 3
        rest, said = demo.communicate(timeout=RUNS_S)

    found = json.loads(line)
    assert (is_held, rest, demo.returncode) == (True, "", 0), said
    assert [ping["ok"] for ping in found["pings"]] == [True] * 6
    assert [change["agents"] for change in found["changes"]] == [3, 1, 3, 1] * 5
    assert (found["probe_sent"] >= 1000, found["probe_lost"]) == (True, 0)
    assert networks_left(deployment) == []
    assert running(agent) == set()


def test_an_interrupted_demo_leaves_nothing(directory: Path, agent: Path, deployment: Deployment) -> None:
    with a_demo(directory) as demo:
        assert demo.stderr is not None
        next(line for line in demo.stderr if "ping every ordered pair" in line)
        demo.send_signal(signal.SIGTERM)
        _, said = demo.communicate(timeout=RUNS_S)

    assert demo.returncode == 130, said
    assert networks_left(deployment) == []
    assert running(agent) == set()


def test_without_a_stack_it_ends_with_2_and_says_how_to_start_one(tmp_path: Path) -> None:
    with a_demo(tmp_path) as demo:
        printed, said = demo.communicate(timeout=RUNS_S)

    assert (demo.returncode, printed) == (2, "")
    assert "make run" in said
