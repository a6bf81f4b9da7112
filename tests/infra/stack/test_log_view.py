"""Readable lines of the functions' log."""

import json

from infra.stack.log_view import readable


def test_a_log_line_shows_function_event_and_fields() -> None:
    event = {"level": "INFO", "message": "planned", "timestamp": "2026-01-01 10:00:00,123+0000", "records": 2}

    line = readable("wirety-Plan-0AB1\t" + json.dumps(event))

    assert line.split() == ["10:00:00.123", "Plan", "INFO", "planned", "records=2"]


def test_a_log_line_that_is_no_json_is_shown_as_it_is() -> None:
    assert readable("wirety-Plan-0AB1\tTraceback").split() == ["Plan", "Traceback"]
