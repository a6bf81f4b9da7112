"""A change as the demo measured it."""

from datetime import UTC, datetime

from infra.demo.changes import Change

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def a_change(ms: float = 100.0, at: datetime = T0, last: str = "jump", agents: int = 1) -> Change:
    return Change(what="create phone", agents=agents, ms=ms, request_ms=10.0, last=last, at=at)
