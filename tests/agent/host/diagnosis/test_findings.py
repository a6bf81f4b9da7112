"""What makes a host healthy."""

from agent.host.diagnosis.findings import Finding, report


def test_warnings_are_healthy_and_one_failure_is_not() -> None:
    warned, failed = Finding("a", "warn", "x"), Finding("b", "fail", "y")

    assert report([warned]).is_healthy
    assert not report([warned, failed]).is_healthy
