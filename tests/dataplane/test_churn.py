"""A jump whose network changes by the thousand costs a flow between two other peers no packet."""

from collections.abc import Iterator

import pytest

from infra.lab import Lab
from scripts.bench.churn import Churn, churning, measured_on

pytestmark = [pytest.mark.dataplane, pytest.mark.root]


@pytest.fixture
def churn(lab: Lab) -> Iterator[Churn]:
    with churning(lab) as made:
        yield made


def test_a_thousand_more_ten_changed_a_thousand_fewer_and_new_rules_lose_no_packet(churn: Churn) -> None:
    figures = {one.name: one.value for one in measured_on(churn, print, peers=100, many=1000, packets=2000)}

    print(figures)
    assert figures["agent_unrelated_sent"] >= 2000
    assert figures["agent_unrelated_lost"] == 0
