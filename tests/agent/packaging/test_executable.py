"""The executable of one file, as it is built."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.agent.builders import a_public_key
from tests.agent.namespace import Namespace
from tests.agent.origin import Origin
from tests.agent.packaging.shipped import INTERFACE, ROOT, WITHIN_S, ended, ran


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("dist")
    subprocess.run(
        ["sh", str(ROOT / "agent/packaging/executable.sh"), str(Path(sys.executable).parent), str(built)], check=True
    )
    return built / "wirety-agent"


@pytest.mark.root
def test_the_executable_enrols_plans_applies_and_stays_a_process_of_its_own(
    executable: Path, inside: Namespace, origin: Origin, tmp_path: Path
) -> None:
    place = ("--state-dir", str(tmp_path))
    helped = ran(inside, str(executable), "enroll", "--help")
    unenrolled = ran(inside, str(executable), "status", *place)
    enrolled = ran(inside, str(executable), "enroll", "--server", origin.url, "--token", "token", *place)

    done = ran(inside, str(executable), "run", "--once", *place)
    status = ran(inside, str(executable), "status", "--json", *place)
    plan = ran(inside, str(executable), "plan", *place)
    metrics = ran(inside, str(executable), "run", "--metrics-port", "x", *place)
    peers = inside.sh(f"wg show {INTERFACE} peers").strip()
    ended(inside, tmp_path)

    assert (helped.returncode, enrolled.returncode, unenrolled.returncode) == (0, 0, 1)
    assert "enroll first" in unenrolled.stderr
    assert done.returncode == 0, done.stderr
    assert peers == a_public_key("hub")
    assert json.loads(status.stdout)["peers"][0]["peer_id"] == "peer_hub"
    assert "nothing to do" in plan.stdout, plan.stdout + plan.stderr
    assert metrics.returncode == 2
    assert origin.applied()[-1].ok


def applied(executable: Path, inside: Namespace, origin: Origin, place: tuple[str, str]) -> "subprocess.Popen[bytes]":
    """The loader of an agent that enrolled and has its first bundle."""
    ran(inside, str(executable), "enroll", "--server", origin.url, "--token", "token", *place)
    loader = inside.do(lambda: subprocess.Popen([str(executable), "run", *place], stderr=subprocess.DEVNULL))
    origin.wait_for(lambda: origin.has_applied(1), within_s=WITHIN_S)
    return loader


@pytest.mark.root
def test_the_executables_agent_ends_with_its_loader(
    executable: Path, inside: Namespace, origin: Origin, tmp_path: Path
) -> None:
    """A service manager knows the loader alone: what it kills must free the enrolment's lock."""
    place = ("--state-dir", str(tmp_path))
    loader = applied(executable, inside, origin, place)

    loader.kill()
    loader.wait()

    end = time.monotonic() + WITHIN_S
    while json.loads(ran(inside, str(executable), "status", "--json", *place).stdout)["is_running"]:
        assert time.monotonic() < end, "the agent goes on without its loader"
    ended(inside, tmp_path)


@pytest.mark.root
def test_the_executable_is_taken_down_and_up_again_and_ends_when_it_is_asked_to(
    executable: Path, inside: Namespace, origin: Origin, tmp_path: Path
) -> None:
    """It begins anew in its own place each time."""
    place = ("--state-dir", str(tmp_path))
    loader = applied(executable, inside, origin, place)

    for _ in range(2):
        down = ran(inside, str(executable), "down", *place)
        gone = INTERFACE not in inside.sh("ip link show")
        up = ran(inside, str(executable), "up", *place)
        assert (down.returncode, gone, up.returncode) == (0, True, 0), down.stderr + up.stderr
    peers = inside.sh(f"wg show {INTERFACE} peers").strip()
    loader.terminate()

    assert peers == a_public_key("hub")
    assert loader.wait(WITHIN_S) == 0
    assert not json.loads(ran(inside, str(executable), "status", "--json", *place).stdout)["is_running"]
    ended(inside, tmp_path)


@pytest.mark.root
def test_the_executable_brings_its_units_along(executable: Path, inside: Namespace, tmp_path: Path) -> None:
    inside.sh("mkdir -p /run/systemd/system")

    done = ran(inside, str(executable), "install-service", "--dry-run", "--state-dir", str(tmp_path))
    listed = ran(inside, str(executable), "version")
    archive = ran(inside, str(executable), "debug", str(tmp_path / "debug.tar.gz"), "--state-dir", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "write /etc/systemd/system/wirety-agent-seal.service" in done.stdout
    assert "write /etc/systemd/networkd.conf.d/wirety.conf" in done.stdout
    assert "wireguard-tools" in listed.stdout
    assert archive.returncode == 0, archive.stderr
