"""Files that are whole or not there: temporary file, fsync, rename, fsync of the directory."""

import contextlib
import os
import tempfile
from pathlib import Path

from agent.errors import StateUnusable

DIRECTORY_MODE = 0o700


def write_whole(path: Path, content: bytes, is_durable: bool = True) -> None:
    """Replace a file, mode 0600; a crash leaves the old content or the new.

    `is_durable` False leaves the time of writing to the disk to the kernel.

    Raises:
        StateUnusable: the disk refuses.
    """
    try:
        make_directory(path.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp: 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                if is_durable:
                    os.fsync(file.fileno())
            Path(temporary).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        if is_durable:
            _sync_directory(path.parent)
    except OSError as refused:
        raise StateUnusable(f"{path} cannot be written: {refused.strerror}") from refused


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file; a crash may leave a part of it there.

    Raises:
        StateUnusable: the disk refuses.
    """
    try:
        with path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as refused:
        raise StateUnusable(f"{path} cannot be written: {refused.strerror}") from refused


def remove(path: Path) -> None:
    """Delete a file for good; one that is not there is no error.

    Raises:
        StateUnusable: the disk refuses.
    """
    try:
        path.unlink()
        _sync_directory(path.parent)
    except FileNotFoundError:
        return
    except OSError as refused:
        raise StateUnusable(f"{path} cannot be removed: {refused.strerror}") from refused


def read(path: Path) -> bytes | None:
    """The content; None: no such file.

    Raises:
        StateUnusable: there, but not readable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as refused:
        raise StateUnusable(f"{path} cannot be read: {refused.strerror}") from refused


def make_directory(path: Path) -> None:
    """With its parents, each for the owner alone (`mkdir(parents=True)` opens them to all)."""
    if not path.parent.exists():
        make_directory(path.parent)
    path.mkdir(mode=DIRECTORY_MODE, exist_ok=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
