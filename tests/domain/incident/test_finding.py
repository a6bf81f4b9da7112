"""Findings in words."""

import pytest

from chalicelib.domain.incident.finding import RULES, Line, Rule, joined, ordinal
from chalicelib.domain.incident.rules import THRESHOLDS
from tests.domain.incident.facts import at


@pytest.mark.parametrize(("number", "word"), [(1, "first"), (3, "third"), (5, "fifth"), (6, "6th"), (11, "11th")])
def test_a_number_in_a_sentence_is_a_word(number: int, word: str) -> None:
    assert ordinal(number) == word


def test_facts_stand_in_the_order_of_time() -> None:
    assert [line.text for line in joined([Line(at(2), "b"), Line(at(1), "a")])] == ["a", "b"]


def test_every_rule_names_thresholds_that_there_are() -> None:
    assert set(RULES) == set(Rule)
    assert all(names and set(names) <= set(THRESHOLDS) for _, _, names in RULES.values())
