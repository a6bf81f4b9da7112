"""The local cloud's queries find what MiniStack's find, and read their condition once."""

import random
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from ministack.services import dynamodb

from infra.stack import key_conditions

Evaluate = Callable[..., bool]
SLOT = "KeyConditionExpression"
NAMES = {"#0": "network_id", "#1": "item"}
CONDITIONS = (
    "#0 = :0",
    "(#0 = :0 AND #1 = :1)",
    "(#0 = :0 AND begins_with (#1, :1))",
    "(#0 = :0 AND #1 BETWEEN :1 AND :2)",
    "#0 = :0 AND #1 >= :1",
    "network_id = :0 and #1 < :1",
    "(#0 = :0) AND (#1 > :1)",
)
KEYS = ("", "a", "ab", "abc", "b", "ä", "😀", "~", "jmp_1", "jmp_2", "jmp_10")


@pytest.fixture
def original() -> Evaluate:
    evaluate: Evaluate = dynamodb._evaluate_condition
    return evaluate


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Evaluate]:
    with monkeypatch.context() as patched:
        patched.setattr(dynamodb, "_evaluate_condition", dynamodb._evaluate_condition)
        key_conditions.install()
        yield dynamodb._evaluate_condition


@pytest.mark.parametrize("condition", CONDITIONS)
def test_it_agrees_with_ministack(original: Evaluate, installed: Evaluate, condition: str) -> None:
    chance = random.Random(condition)
    for _ in range(50):
        low, high = sorted((chance.choice(KEYS), chance.choice(KEYS)), key=str.encode)
        values = {":0": {"S": chance.choice(KEYS)}, ":1": {"S": low}, ":2": {"S": high}}
        for _ in range(10):
            item = {"network_id": {"S": chance.choice(KEYS)}, "item": {"S": chance.choice(KEYS)}}
            asked = (condition, item, values, NAMES, SLOT)
            assert installed(*asked) == original(*asked), (item, values)


def test_a_key_that_is_no_text_is_left_to_ministack(original: Evaluate, installed: Evaluate) -> None:
    values = {":0": {"S": "net"}, ":1": {"N": "9"}}
    for number in ("8", "9", "10"):
        asked = ("#0 = :0 AND #1 >= :1", {"network_id": {"S": "net"}, "item": {"N": number}}, values, NAMES, SLOT)
        assert installed(*asked) == original(*asked) == (number != "8")


def test_what_ministack_refuses_is_refused_with_its_words(original: Evaluate, installed: Evaluate) -> None:
    asked: tuple[Any, ...] = ("#0 = = :0", {}, {":0": {"S": "net"}}, NAMES, SLOT)

    with pytest.raises(ValueError, match="Syntax error") as theirs:
        original(*asked)
    with pytest.raises(ValueError, match="Syntax error") as ours:
        installed(*asked)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("condition", CONDITIONS[:6])
def test_a_query_reads_its_condition_once(installed: Evaluate, monkeypatch: pytest.MonkeyPatch, condition: str) -> None:
    values = {":0": {"S": "net"}, ":1": {"S": "a"}, ":2": {"S": "b"}}
    installed(condition, {"network_id": {"S": "net"}, "item": {"S": "a"}}, values, NAMES, SLOT)
    monkeypatch.setattr(dynamodb, "_tokenize", None)

    for key in KEYS:
        installed(condition, {"network_id": {"S": "net"}, "item": {"S": key}}, values, NAMES, SLOT)


def test_the_pinned_emulator_still_needs_it(original: Evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it reads a condition no more than once, `infra/stack/key_conditions.py` can go."""
    tokenize = Mock(wraps=dynamodb._tokenize)
    monkeypatch.setattr(dynamodb, "_tokenize", tokenize)
    values = {":0": {"S": "net"}}

    for _ in range(2):
        original("#0 = :0", {"network_id": {"S": "net"}}, values, NAMES, SLOT)

    assert tokenize.call_count == 2
