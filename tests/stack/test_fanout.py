"""A change that concerns many: in messages of some fifty sockets, and everyone hears of the newest revision."""

import pytest

from infra.stack.local_stack import LocalStack
from scripts.bench import fanout, growth

pytestmark = pytest.mark.stack

MANY = 60  # more than one message


def test_every_one_of_many_connected_agents_hears_of_each_change(stack: LocalStack) -> None:
    said: list[str] = []

    figures = fanout.measured_on(stack, said.append, MANY, rounds=1)

    heard = [line for line in said if line.startswith("change ")]
    assert len(heard) >= 2  # one that is not counted, and one that is
    assert all(f"the last of {MANY} heard" in line for line in heard)
    assert f"bare posts: the last of {MANY} heard" in said[-1]
    assert [(figure.name, figure.n) for figure in figures] == [
        ("fanout_p50_ms", MANY),
        ("fanout_p95_ms", MANY),
        ("fanout_last_ms", MANY),
        ("fanout_bare_posts_p95_ms", MANY),
        ("fanout_over_bare_posts", MANY),
    ]


def test_the_benchmark_of_growth_runs(stack: LocalStack) -> None:
    figures = growth.measured_on(stack, lambda _line: None, few=1, many=3, rounds=1)

    assert [(figure.name, figure.n) for figure in figures] == [
        ("local_create_ms", 1),
        ("local_create_ms", 3),
        ("local_create_growth", 3),
    ]
