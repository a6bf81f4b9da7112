"""Findings by their checks."""


def levels(findings: object) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}  # type: ignore[attr-defined]
