"""One copy of a function's code for all workers."""

import os
import time
import zipfile
from pathlib import Path

import pytest

from infra.stack import unpacked
from infra.stack.unpacked import KEPT_S, SharedZip


def an_archive(path: Path, text: str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("app.py", text)
    return path


def taken(archive: Path, place: Path) -> Path:
    place.mkdir()
    with SharedZip(archive) as opened:
        opened.extractall(place)
    return place


def test_workers_of_the_same_code_share_a_copy_which_one_of_other_code_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "CACHE", tmp_path / "cache")
    old, new = an_archive(tmp_path / "old.zip", "1"), an_archive(tmp_path / "new.zip", "2")

    first, second, other = taken(old, tmp_path / "a"), taken(old, tmp_path / "b"), taken(new, tmp_path / "c")

    assert first.resolve() == second.resolve() != other.resolve()
    assert [(place / "app.py").read_text() for place in (first, second, other)] == ["1", "1", "2"]


def test_what_nobody_asked_for_in_a_day_is_forgotten_when_other_code_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "CACHE", tmp_path / "cache")
    long_ago = time.time() - 2 * KEPT_S
    old, used = (taken(an_archive(tmp_path / f"{n}.zip", n), tmp_path / n).resolve() for n in ("old", "used"))
    os.utime(old, (long_ago, long_ago))

    taken(an_archive(tmp_path / "new.zip", "new"), tmp_path / "new")

    assert (old.exists(), used.exists()) == (False, True)
