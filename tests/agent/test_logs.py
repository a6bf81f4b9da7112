"""Log lines: a constant event, data as fields."""

import json
import logging

import pytest

from agent import logs
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


def test_what_others_sent_is_one_line_and_steers_no_terminal() -> None:
    record = logging.makeLogRecord({"msg": "refused", "levelname": "INFO", "created": 0.5, "reason": "a\nb\x1b[2J"})

    assert PlainLines().format(record).endswith("reason=a\\nb\\x1b[2J")


@pytest.mark.parametrize(("level", "said"), [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("warning", ["w"])])
def test_nothing_below_the_level_is_said(level: str, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("plain", level)
    logger = logging.getLogger("agent.somewhere")

    for at, event in ((logging.DEBUG, "d"), (logging.INFO, "i"), (logging.WARNING, "w")):
        logger.log(at, event)

    assert [line.split()[2] for line in capsys.readouterr().err.splitlines()] == said
