"""Log lines: a constant event, data as fields."""

import json
import logging

from agent.logs import JsonLines, PlainLines

RECORD = logging.makeLogRecord({"msg": "bundle_applied", "levelname": "INFO", "created": 0.5, "revision": 7, "ms": 30})


def test_a_json_line_has_time_level_event_and_fields() -> None:
    assert json.loads(JsonLines().format(RECORD)) == {
        "at": "1970-01-01T00:00:00.500Z",
        "level": "info",
        "event": "bundle_applied",
        "revision": 7,
        "ms": 30,
    }


def test_a_plain_line_reads_from_left_to_right() -> None:
    assert PlainLines().format(RECORD) == "1970-01-01T00:00:00.500Z INFO    bundle_applied revision=7 ms=30"
