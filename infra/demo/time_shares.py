"""Where the time of a change goes, by what the agents logged."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from infra.demo.changes import Change

APPLIED = "bundle_applied"
LATE = timedelta(milliseconds=100)  # a line may come a little after WireGuard has the change


@dataclass(frozen=True, slots=True)
class TimeShares:
    """Medians over the changes. `request_ms`: until the API answered. `hint_ms`: from before the
    request until the last concerned agent knew of it. `agent_ms`: its fetch and apply."""

    request_ms: float
    hint_ms: float | None
    agent_ms: float | None


def time_shares(changes: Sequence[Change], logs: dict[str, str]) -> TimeShares:
    applied = {name: list(_applications(log.splitlines())) for name, log in logs.items()}
    pairs = [(change, ms) for change in changes if (ms := _agent_ms(change, applied[change.last])) is not None]
    return TimeShares(
        request_ms=_median(change.request_ms for change in changes) or 0.0,
        hint_ms=_median(change.ms - ms for change, ms in pairs),
        agent_ms=_median(ms for _, ms in pairs),
    )


def _applications(lines: Iterable[str]) -> Iterator[tuple[datetime, float]]:
    for line in lines:
        if APPLIED in line:
            fields = json.loads(line)
            yield datetime.fromisoformat(fields["at"]), float(fields["ms"])


def _agent_ms(change: Change, applications: Sequence[tuple[datetime, float]]) -> float | None:
    """Of the application that brought the change; None where the log does not tell."""
    arrived = change.at + timedelta(milliseconds=change.ms)
    fitting = [ms for at, ms in applications if change.at < at <= arrived + LATE]
    return fitting[-1] if fitting else None


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(median(found), 1) if found else None
