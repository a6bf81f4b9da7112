"""What the reasons of a cancelled transaction mean: those that no engine on this machine gives, answered by a stub."""

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber
from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError

from chalicelib.adapters.dynamodb import tables
from chalicelib.adapters.dynamodb.sessions import DynamoSessions
from chalicelib.adapters.dynamodb.transactions import DynamoTransactions
from chalicelib.domain.change.writes import AdvanceNetwork, Claim, Commit, Release, Write
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import PeerId
from chalicelib.ports.identity import Assertion
from chalicelib.ports.sessions import AgentSession
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from chalicelib.settings import settings_from
from infra.stack.tables import environment
from tests.builders import T0, a_network
from tests.contracts.stores import change

LATER = a_network().advanced(T0)
LABEL = Claim(LATER.id, "label", "web", PeerId("dyn_1"))
WRITES: tuple[Write, ...] = (AdvanceNetwork(LATER), LABEL, Release(LATER.id, "label", "old"))
CONDITION = "ConditionalCheckFailed"


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return tables.bind(settings_from(environment("test")))


@pytest.fixture
def dynamodb(connection: Connection) -> Iterator[Stubber]:
    with Stubber(connection.client) as stubber:
        yield stubber


def committed(connection: Connection) -> None:
    DynamoTransactions(connection).commit(Commit(change(LATER), WRITES))


def cancel(dynamodb: Stubber, **codes: str) -> None:
    """Answer that the transaction was cancelled. `codes`: by what is written, as the reasons name it."""
    places = ("revision", "label", "old_label", "change")
    reasons = [{"Code": codes.get(place, "None")} for place in places]
    dynamodb.add_client_error(
        "transact_write_items",
        service_error_code="TransactionCanceledException",
        modeled_fields={"CancellationReasons": reasons},
    )


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_store_that_is_contended_is_asked_again(connection: Connection, dynamodb: Stubber, code: str) -> None:
    cancel(dynamodb, old_label=code)

    with pytest.raises(CommitConflict):
        committed(connection)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_a_claim_that_is_taken_is_the_answer_beside_contention(
    connection: Connection, dynamodb: Stubber, code: str
) -> None:
    cancel(dynamodb, revision=code, label=CONDITION)

    with pytest.raises(ConditionFailed) as refused:
        committed(connection)
    assert refused.value.write == LABEL


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_an_assertion_is_not_said_to_be_used_when_the_store_is_contended(
    connection: Connection, dynamodb: Stubber, code: str
) -> None:
    agent = Agent(LATER.id, PeerId("dyn_1"))
    session = AgentSession(agent, Secret("hash"), T0)
    dynamodb.add_client_error(
        "transact_write_items",
        service_error_code="TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": "None"}, {"Code": "None"}, {"Code": code}]},
    )

    with pytest.raises(CommitConflict):
        DynamoSessions(connection).open("ses_1", session, Assertion("jti", T0), "device", T0)


@pytest.mark.parametrize("code", ["ItemCollectionSizeLimitExceeded", "ValidationError", "AccessDenied"])
@pytest.mark.parametrize("beside", [{}, {"label": CONDITION}, {"label": "TransactionConflict"}])
def test_what_no_other_try_can_mend_rises(
    connection: Connection, dynamodb: Stubber, code: str, beside: dict[str, str]
) -> None:
    cancel(dynamodb, revision=code, **beside)

    with pytest.raises(VerboseClientError):
        committed(connection)


def test_a_change_that_another_logged_first_is_decided_again(connection: Connection, dynamodb: Stubber) -> None:
    cancel(dynamodb, change=CONDITION)

    with pytest.raises(CommitConflict):
        committed(connection)


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"]
)
def test_a_request_that_is_throttled_whenever_botocore_repeats_it_is_decided_again(
    connection: Connection, dynamodb: Stubber, code: str
) -> None:
    dynamodb.add_client_error("transact_write_items", service_error_code=code)

    with pytest.raises(CommitConflict):
        committed(connection)


def test_an_answer_of_which_nothing_is_known_rises(connection: Connection, dynamodb: Stubber) -> None:
    dynamodb.add_client_error("transact_write_items", service_error_code="TransactionInProgressException")

    with pytest.raises(VerboseClientError):
        committed(connection)
