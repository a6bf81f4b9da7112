"""The lock of one enrolment: one process at a time runs it, and is found by it."""

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.files.whole_files import make_directory
from agent.errors import AlreadyRunning, StateUnusable

LOCKS = Path("/proc/locks")


@dataclass(frozen=True, slots=True)
class EnrollmentLock:
    """`directory`: the enrolment's."""

    directory: Path

    @property
    def file(self) -> Path:
        return self.directory / "lock"

    def claim(self) -> None:
        """Hold the lock until this process ends, and write its pid into the file.

        Raises:
            AlreadyRunning: another process holds it.
            StateUnusable: the disk is full.
        """
        descriptor = self.hold()
        try:
            os.pwrite(descriptor, f"{os.getpid():<10}\n".encode(), 0)
        except OSError as refused:
            os.close(descriptor)
            raise StateUnusable(
                f"{self.file} cannot be written: {refused.strerror}; make room and run this again"
            ) from refused

    def feed(self) -> None:
        """Touch the file, by which a guard sees that this process does not hang."""
        with contextlib.suppress(OSError):
            os.utime(self.file)

    def holder(self) -> int | None:
        """The pid of the process that claimed it last, which may have ended; None: nobody did."""
        try:
            return int(self.file.read_text())
        except (OSError, ValueError):
            return None

    def hold(self) -> int:
        """Hold the lock until this process ends, or the descriptor that it answers is closed.

        Raises:
            AlreadyRunning: another process holds it.
        """
        try:
            make_directory(self.directory)
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as refused:
            raise StateUnusable(f"{self.directory} cannot be used: {refused.strerror}") from refused
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            os.close(descriptor)
            pid = self.holder()
            which = f" (process {pid})" if pid is not None else ""
            raise AlreadyRunning(
                f"an agent already runs for {self.directory.name}{which}; stop it first: systemctl stop wirety-agent"
            ) from held
        return descriptor

    def is_held(self) -> bool:
        """Whether an agent holds it now, by the kernel's list of locks: nobody is kept from taking it meanwhile."""
        try:
            file, holder = self.file.stat(), self.holder()
            return any(_is_held(line, file, holder) for line in LOCKS.read_text().splitlines())
        except OSError:
            return False  # no agent ever ran here


def _is_held(line: str, file: os.stat_result, holder: int | None) -> bool:
    """A line of /proc/locks: `1: FLOCK ADVISORY WRITE pid major:minor:inode start end`, numbers of the device in
    hex; proc(5). Some file systems say another device there than to stat(2): then the process tells."""
    words = line.split()
    if len(words) < 6 or words[1] != "FLOCK":
        return False
    major, minor, inode = words[5].split(":")
    is_device = (int(major, 16), int(minor, 16)) == (os.major(file.st_dev), os.minor(file.st_dev))
    return int(inode) == file.st_ino and (is_device or words[4] == str(holder))
