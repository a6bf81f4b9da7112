"""How figures are judged by their bars."""

import pytest

from scripts.bench.figures import Bar, Figure, SameEverywhere, judged


def test_a_figure_is_judged_by_its_bar_at_and_above_the_bars_size() -> None:
    figures = [Figure("a", 6, "ms", 10), Figure("a", 5, "ms", 100), Figure("a", 6, "ms", 1000), Figure("b", 9, "ms", 1)]

    verdicts = judged(figures, [Bar("a", 5, at=100)])

    assert [one.is_met for one in verdicts] == [None, True, False, None]


def test_a_time_of_processors_is_judged_as_the_reference_would_have_taken_it() -> None:
    figures = [Figure("a", 10, "ms", 1), Figure("b", 10, "ms", 1)]

    paced, plain = judged(figures, [Bar("a", 5, is_paced=True), Bar("b", 5)], slowness=2.0)
    faster, _ = judged(figures, [Bar("a", 10, is_paced=True), Bar("b", 10)], slowness=0.5)

    assert (paced.at_pace, paced.is_met) == (5, True)
    assert (plain.at_pace, plain.is_met) == (None, False)
    assert (faster.at_pace, faster.is_met) == (20, False)


def test_what_must_not_grow_is_judged_by_its_smallest_size() -> None:
    figures = [Figure("a", 3, "requests", 100), Figure("a", 2, "requests", 10)]

    assert [one.is_met for one in judged(figures, [SameEverywhere("a")])] == [False, True]


def test_a_bar_without_a_figure_is_an_error() -> None:
    with pytest.raises(LookupError, match="forgotten"):
        judged([], [Bar("forgotten", 1)])
