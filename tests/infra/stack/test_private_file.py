"""Files for their owner only."""

import stat
from pathlib import Path

from infra.stack import private_file


def test_a_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    private_file.write(tmp_path / "f.json", {"a": "b"})

    assert stat.S_IMODE((tmp_path / "f.json").stat().st_mode) == 0o600
    assert private_file.read(tmp_path / "f.json") == {"a": "b"}


def test_a_torn_private_file_reads_as_empty(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"a":')

    assert private_file.read(tmp_path / "f.json") == {}
