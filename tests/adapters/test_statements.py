"""A batch of statements: what the store was too busy for is asked again, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from botocore.stub import Stubber
from tenacity import wait_none

from chalicelib.adapters.dynamodb import statements as batches
from chalicelib.adapters.dynamodb import tables
from chalicelib.adapters.dynamodb.presence import PresenceItem
from chalicelib.adapters.dynamodb.progress import DynamoProgress
from chalicelib.adapters.dynamodb.statements import ATTEMPTS
from chalicelib.domain.ids import Revision
from chalicelib.settings import settings_from
from tests.builders import a_dynamic

AGENTS = [a_dynamic(number).id for number in (2, 3, 4)]
DONE: Mapping[str, object] = {}
BUSY, GONE = {"Error": {"Code": "ThrottlingError"}}, {"Error": {"Code": "ConditionalCheckFailed"}}
MET = {"Error": {"Code": "TransactionConflict"}}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr(batches, "wait_random_exponential", lambda **_: wait_none())
    connection = tables.bind(settings_from({"AWS_REGION": "eu-west-1", "PRESENCE_TABLE": "presence"}))
    with Stubber(connection.client) as stub:
        yield stub


def statements(agents: Sequence[str]) -> dict[str, object]:
    text = 'UPDATE "presence" SET "wanted" = ? WHERE "peer_id" = ? AND "item" = ? AND "wanted" < ?'
    return {
        "Statements": [
            {"Statement": text, "Parameters": [{"N": "7"}, {"S": agent}, {"S": PresenceItem.ITEM}, {"N": "7"}]}
            for agent in agents
        ]
    }


def test_only_what_the_store_was_too_busy_for_or_met_a_transaction_is_asked_again(store: Stubber) -> None:
    store.add_response("batch_execute_statement", {"Responses": [MET, BUSY, GONE]}, statements(AGENTS))
    store.add_response("batch_execute_statement", {"Responses": [DONE, MET]}, statements(AGENTS[:2]))
    store.add_response("batch_execute_statement", {"Responses": [DONE]}, statements(AGENTS[1:2]))

    DynamoProgress().raise_wanted(dict.fromkeys(AGENTS, Revision(7)))

    store.assert_no_pending_responses()


def test_a_store_that_stays_busy_is_said_to_be_after_some_attempts(store: Stubber) -> None:
    for _ in range(ATTEMPTS):
        store.add_response("batch_execute_statement", {"Responses": [BUSY]}, statements(AGENTS[:1]))

    with pytest.raises(Exception, match="ThrottlingError"):
        DynamoProgress().raise_wanted({AGENTS[0]: Revision(7)})

    store.assert_no_pending_responses()
