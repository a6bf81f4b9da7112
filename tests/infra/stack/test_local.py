"""Small parts of the local system: ports, private files, readable logs."""

import json
import socket
import stat
from pathlib import Path

import pytest

from infra.stack import private_file
from infra.stack.log_view import readable
from infra.stack.tcp_ports import PortTaken, claim


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=f"{port}.*CLOUD_PORT="):
            claim(port, "CLOUD_PORT")


def test_port_zero_is_a_free_one() -> None:
    assert claim(0, "PORT") > 0


def test_a_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    private_file.write(tmp_path / "f.json", {"a": "b"})

    assert stat.S_IMODE((tmp_path / "f.json").stat().st_mode) == 0o600
    assert private_file.read(tmp_path / "f.json") == {"a": "b"}


def test_a_torn_private_file_reads_as_empty(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"a":')

    assert private_file.read(tmp_path / "f.json") == {}


def test_a_log_line_shows_function_event_and_fields() -> None:
    event = {"level": "INFO", "message": "planned", "timestamp": "2026-01-01 10:00:00,123+0000", "records": 2}

    line = readable("wirety-Plan-0AB1\t" + json.dumps(event))

    assert line.split() == ["10:00:00.123", "Plan", "INFO", "planned", "records=2"]


def test_a_log_line_that_is_no_json_is_shown_as_it_is() -> None:
    assert readable("wirety-Plan-0AB1\tTraceback").split() == ["Plan", "Traceback"]
