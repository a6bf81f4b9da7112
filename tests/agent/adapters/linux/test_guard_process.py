"""The guard's process, and who gives way to whom for an enrolment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.lock_holder import Takeover
from agent.adapters.files.processes import command_line
from agent.adapters.linux.guard_process import GuardProcess
from agent.errors import AlreadyRunning
from tests.agent.builders import a_bundle, received

HOLDS = """
import sys, time, pathlib
from agent.adapters.files.enrollment_dir import EnrollmentDir
EnrollmentDir(pathlib.Path(sys.argv[1])).lock.claim()
print("claimed", flush=True)
time.sleep(600)
"""


@pytest.fixture
def directory(tmp_path: Path) -> EnrollmentDir:
    made = EnrollmentDir(tmp_path / "net_1")
    made.save_trial([received(a_bundle())])
    return made


@pytest.fixture
def guard(directory: EnrollmentDir) -> Iterator[GuardProcess]:
    made = a_guard(directory, delay_s=600)
    yield made
    made.disarm()


def a_guard(directory: EnrollmentDir, delay_s: float) -> GuardProcess:
    command = ["touch", str(directory.path / "stood-in")]
    return GuardProcess(command, delay_s, directory.guard_pid_file, directory.lock.file)


def a_holder(directory: EnrollmentDir, role: str) -> "subprocess.Popen[str]":
    """A process that has claimed the enrolment, as `run` or as `guard`."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(directory.path), role], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "claimed\n"
    return holder


def pid_of(directory: EnrollmentDir) -> int:
    return int(directory.guard_pid_file.read_text())


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def test_a_guard_stands_in_when_its_sleep_is_over(directory: EnrollmentDir) -> None:
    a_guard(directory, delay_s=0).arm()

    until((directory.path / "stood-in").exists)


def test_a_guard_survives_its_agent_and_is_found_again_by_the_next(
    directory: EnrollmentDir, guard: GuardProcess
) -> None:
    guard.arm()
    pid = pid_of(directory)
    until(lambda: command_line(pid) != [])  # for an instant after its start a process has no words

    a_guard(directory, delay_s=600).arm()  # the next agent's: the trial goes on, and its time with it
    kept, session = pid_of(directory), os.getsid(pid)
    a_guard(directory, delay_s=600).disarm()

    assert (kept, session) == (pid, pid)
    until(lambda: command_line(pid) == [])
    assert not directory.guard_pid_file.exists()


def test_a_pid_that_is_another_program_now_is_left_alone(directory: EnrollmentDir, guard: GuardProcess) -> None:
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    directory.guard_pid_file.write_text(str(other.pid))

    guard.disarm()

    assert other.poll() is None
    other.kill()
    other.wait()


def test_an_agent_that_starts_ends_the_guard_that_stands_in(directory: EnrollmentDir) -> None:
    holder = a_holder(directory, "guard")

    Takeover(directory).by_agent()

    assert holder.wait(10) == -signal.SIGTERM
    assert directory.lock.holder() == os.getpid()


def test_an_agent_does_not_end_another_agent(directory: EnrollmentDir) -> None:
    holder = a_holder(directory, "run")

    with pytest.raises(AlreadyRunning):
        Takeover(directory).by_agent()

    assert holder.poll() is None
    holder.kill()
    holder.wait()


def test_a_guard_takes_over_from_an_agent_that_has_ended(directory: EnrollmentDir) -> None:
    assert Takeover(directory).by_guard()
    assert directory.lock.holder() == os.getpid()


def test_a_guard_ends_an_agent_that_hangs(directory: EnrollmentDir) -> None:
    agent = a_holder(directory, "run")

    assert Takeover(directory, stuck_after_s=0.2).by_guard()

    assert agent.wait(10) == -signal.SIGKILL


def test_a_guard_waits_while_an_agent_is_at_work_and_goes_when_the_trial_is_over(
    directory: EnrollmentDir, guard: GuardProcess
) -> None:
    agent = a_holder(directory, "run")
    deadline = time.monotonic() + 2

    class Alive(EnrollmentDir):
        """An agent that feeds the guard at every look, and whose trial ends."""

        def has_open_trial(self) -> bool:
            guard.feed()
            return time.monotonic() < deadline

    assert not Takeover(Alive(directory.path), stuck_after_s=0.2).by_guard()

    assert agent.poll() is None
    agent.kill()
    agent.wait()
