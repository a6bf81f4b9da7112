"""Writers that race for one network: every answer is one that may be given, and what is left is whole."""

import pytest

from infra.stack.local_stack import LocalStack
from scripts.bench.racing import race
from tests.stack.client import Operator

pytestmark = pytest.mark.stack

ANSWERS, AT_MOST_S = 300, 25.0
EVERYBODY = race.OPERATORS + race.HOSTS


def test_no_writer_is_answered_wrong(stack: LocalStack) -> None:
    arena, tally = race.race(stack.info, ANSWERS, AT_MOST_S)

    assert tally.wrong == []
    assert tally.answers - tally.busy >= EVERYBODY
    left = Operator(stack).call("GET", f"{arena.network}/peers?limit=200").json()["items"]
    assert len({peer["address"] for peer in left}) == len({peer["name"] for peer in left}) == len(left)
    assert set(arena.hosts) < {peer["id"] for peer in left}
