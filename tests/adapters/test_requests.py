"""A request's record that is met by the transaction which settles it: no engine on this machine shows that moment."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from chalicelib.adapters.dynamodb import tables
from chalicelib.adapters.dynamodb.request import DynamoRequests, request_item
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.ids import PrincipalId
from chalicelib.settings import settings_from
from infra.stack.tables import environment
from tests.builders import T0

FIRST = Replayable(PrincipalId("tok_1"), "key", "hash", "req_1", T0)
SECOND = replace(FIRST, attempt="req_2")
CONFLICT = "TransactionConflictException"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with Stubber(tables.bind(settings_from(environment("test"))).client) as stubber:
        yield stubber


def test_an_attempt_that_begins_meanwhile_finds_the_one_that_is_being_settled(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("put_item", service_error_code=CONFLICT)
    dynamodb.add_response("get_item", {"Item": request_item(FIRST).serialize()})

    assert DynamoRequests().begin(SECOND) == FIRST


def test_one_that_is_being_settled_is_not_taken_over(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("put_item", service_error_code=CONFLICT)

    assert DynamoRequests().take_over(FIRST, SECOND) is False


def test_one_that_is_being_settled_is_not_forgotten(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("delete_item", service_error_code=CONFLICT)

    DynamoRequests().forget(SECOND)

    dynamodb.assert_no_pending_responses()
