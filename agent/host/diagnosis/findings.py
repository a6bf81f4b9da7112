"""What `doctor` found of a host, each with what to do; pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Level = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    check: str
    level: Level
    text: str


class Report(msgspec.Struct, frozen=True):
    """`is_healthy`: nothing failed."""

    is_healthy: bool
    findings: list[Finding]


def report(findings: Iterable[Finding]) -> Report:
    listed = list(findings)
    return Report(is_healthy=all(finding.level != "fail" for finding in listed), findings=listed)


def text(shown: Report) -> str:
    """For a person, a line a finding."""
    return "\n".join(f"{finding.level:<5} {finding.check:<17} {finding.text}" for finding in shown.findings)
