"""Files are whole or as they were, whatever happens in between."""

import os
import stat
from pathlib import Path

import pytest

from agent.adapters.files.whole_files import read, write_whole
from agent.errors import StateUnusable


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_content_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, full_disk)
    with pytest.raises(StateUnusable, match="No space left"):
        write_whole(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_crash_before_the_rename_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    class PowerCut(BaseException):
        pass

    def power_cut(*_: object) -> None:
        raise PowerCut

    monkeypatch.setattr(Path, "replace", power_cut)
    with pytest.raises(PowerCut):
        write_whole(path, b"new")

    assert path.read_bytes() == b"old"


def test_a_file_is_for_its_owner_alone_also_when_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)

    write_whole(path, b"new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_rename_is_made_durable_by_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    write_whole(tmp_path / "file", b"new")

    assert synced == [False, True]


def test_a_file_that_is_not_there_reads_as_none(tmp_path: Path) -> None:
    assert read(tmp_path / "file") is None
