"""An agent through long outages: few lines of log, memory that stays, and always on its way back."""

import pytest

from scripts.bench.simulation import DAY_S, Lines, Simulation, offline_log_lines, rss_growth_mb

MOST_LINES = 1_500
MOST_GROWTH_MB = 2.0


def test_a_day_without_the_control_plane_is_at_most_a_line_a_minute() -> None:
    lines = offline_log_lines()

    assert DAY_S / 3600 < lines <= MOST_LINES


def test_all_day_long_the_agent_tries_to_come_back() -> None:
    simulation = Simulation(is_away=lambda _: True)
    simulation.run(lambda: simulation.now_s >= DAY_S)

    assert DAY_S / 60 <= simulation.attempts <= DAY_S / 15


def test_an_agent_connects_at_the_first_attempt_that_meets_somebody() -> None:
    simulation = Simulation(is_away=lambda attempt: attempt <= 50)
    simulation.run(lambda: simulation.connected > 0)

    assert simulation.attempts == 52  # fifty that met nobody, a session, a socket


def test_memory_stays_over_reconnects() -> None:
    assert rss_growth_mb(reconnects=1_000, warm_up=200) <= MOST_GROWTH_MB


@pytest.mark.parametrize(("texts", "count"), [([], 0), (["a\n", "b", "c\n"], 2), (["a\nb\n"], 2)])
def test_lines_are_counted_as_they_are_written(texts: list[str], count: int) -> None:
    lines = Lines()

    for text in texts:
        lines.write(text)

    assert lines.count == count
