"""The functions' log lines, readable: time, function, level, event, fields."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOOK_S = 0.2
OF_THE_LOGGER = frozenset(("level", "location", "message", "timestamp", "service", "exception", "exception_name"))
STACK_PREFIX = re.compile(r"^wirety-(?P<name>\w+)-\w+$")


def follow(log: Path, stop: threading.Event) -> Iterator[str]:
    """Lines as they are written, from the end, until `stop` is set."""
    with log.open() as lines:
        lines.seek(0, 2)
        kept = ""
        while not stop.is_set():
            if not (line := lines.readline()):
                stop.wait(LOOK_S)
                continue
            kept += line
            if kept.endswith("\n"):
                yield readable(kept.rstrip("\n"))
                kept = ""


def readable(line: str) -> str:
    """One line of the emulator's function log, `function<TAB>what it printed`."""
    function, _, said = line.partition("\t")
    found = STACK_PREFIX.match(function)
    name = found["name"] if found else function
    try:
        event = json.loads(said)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        return f"{name:20} {said}"
    return f"{_time_of(event)} {name:20} {event.get('level', ''):7} {event.get('message', '')}{_fields(event)}"


def _time_of(event: dict[str, Any]) -> str:
    return str(event.get("timestamp", ""))[11:23].replace(",", ".")


def _fields(event: dict[str, Any]) -> str:
    fields = "".join(f" {name}={value}" for name, value in event.items() if name not in OF_THE_LOGGER)
    return fields + (f"\n{event['exception']}" if "exception" in event else "")
