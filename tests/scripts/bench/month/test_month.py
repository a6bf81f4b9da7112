"""The month that is counted is the month that is estimated, and within its bars."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from chalicelib.domain.peer.presence import HEARTBEAT_JUMP, HEARTBEAT_REGULAR
from chalicelib.settings import settings_from
from infra.stack.tables import environment
from scripts.bench.month import month
from scripts.cost_estimate import idle_agent

COUNTED_S = 3 * 3600.0


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.mark.parametrize("is_jump", [False, True])
def test_an_idle_month_costs_what_is_estimated_and_no_more_than_its_bar(is_jump: bool) -> None:
    spent = month.month(settings_from(environment("month")), is_jump, COUNTED_S)

    interval = HEARTBEAT_JUMP if is_jump else HEARTBEAT_REGULAR
    estimated = idle_agent(int(interval.total_seconds()), is_jump=is_jump)
    bar = next(bar for bar in month.BARS if bar.name.startswith("jump" if is_jump else "agent"))
    assert sum(spent.values()) == pytest.approx(sum(estimated.values()), rel=0.1)
    assert sum(spent.values()) <= bar.at_most
    assert spent["minutes"] == pytest.approx(estimated["connection minutes"], rel=0.01)
