"""The local cloud's statements do what MiniStack's do, and are read once."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from ministack.services import dynamodb

from infra.stack import statements

Parse = Callable[[str, Any], dict[str, Any]]
UPDATE = 'UPDATE "presence" SET wanted = ? WHERE peer_id = ? AND item = ? AND wanted < ?'
PARAMETERS = [{"N": "7"}, {"S": "jmp_1"}, {"S": "agent"}, {"N": "7"}]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parse]:
    with monkeypatch.context() as patched:
        patched.setattr(dynamodb, "_parse_partiql", dynamodb._parse_partiql)
        statements.install()
        yield dynamodb._parse_partiql


def read_count(monkeypatch: pytest.MonkeyPatch) -> Mock:
    reading = Mock(wraps=dynamodb.parse_partiql_statement)
    monkeypatch.setattr(dynamodb, "parse_partiql_statement", reading)
    return reading


def test_the_same_statement_with_other_parameters_is_read_anew(installed: Parse) -> None:
    holds = [
        installed(UPDATE, [{"N": "7"}, {"S": peer}, {"S": "agent"}, {"N": "7"}])["where_fn"](
            {"peer_id": {"S": "jmp_1"}, "item": {"S": "agent"}, "wanted": {"N": "6"}}
        )
        for peer in ("jmp_1", "jmp_2", "jmp_1")
    ]

    assert holds == [True, False, True]


def test_another_statement_with_the_same_parameters_is_read_anew(installed: Parse) -> None:
    installed(UPDATE, PARAMETERS)

    assert installed(UPDATE.replace("presence", "peers"), PARAMETERS)["table"] == "peers"


def test_what_ministack_refuses_is_refused_each_time(installed: Parse) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="well formed"):
            installed("UPDATE nothing", PARAMETERS)


def test_a_batch_reads_each_statement_once(installed: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read_count(monkeypatch)

    run_a_batch_of(2)

    assert reading.call_count == 2


def test_the_pinned_emulator_still_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it reads a statement of a batch once, `infra/stack/statements.py` can go."""
    reading = read_count(monkeypatch)

    run_a_batch_of(2)

    assert reading.call_count == 4


def run_a_batch_of(statements: int) -> None:
    """Of a table that is not there: read and run it is all the same."""
    asked = [{"Statement": UPDATE, "Parameters": list(PARAMETERS)} for _ in range(statements)]
    dynamodb._batch_execute_statement({"Statements": asked})
