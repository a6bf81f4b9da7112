"""A write of one item that meets a transaction at it waits and is done, in every store."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from moto import mock_aws

from chalicelib.adapters.dynamodb import connection
from chalicelib.adapters.dynamodb.connection import CONFLICTS, LONGEST_WAIT_S, pause_s
from chalicelib.adapters.dynamodb.presence import PresenceItem
from chalicelib.bootstrap.aws import Aws
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.rollout import Expected
from chalicelib.domain.change.writes import AdmitAgent, Commit, CreateNetwork
from chalicelib.domain.ids import EVERY_NETWORK, ConnectionId, PrincipalId, Revision
from chalicelib.domain.peer.presence import Fact, FactKind
from chalicelib.ports.sockets import Connection
from chalicelib.settings import settings_from
from infra.stack.tables import create_tables, environment
from tests.builders import T0, a_dynamic, said_by
from tests.contracts.stores import HOST, LAB, change

AGENT = a_dynamic().id
ROWS = [
    Connection(network, AGENT, ConnectionId("c"), T0, T0 + timedelta(hours=1)) for network in (LAB.id, EVERY_NETWORK)
]
REQUEST = Replayable(PrincipalId("tok_1"), "key", "hash", "req_1", T0)
WRITES: dict[str, Callable[[Outside], object]] = {
    "hello": lambda out: out.presence.note_connected(said_by(AGENT), ConnectionId("c"), "i", T0),
    "heartbeat": lambda out: out.presence.note_heartbeat(said_by(AGENT), "i", 1, None, T0),
    "sign of life": lambda out: out.presence.note_sign_of_life(said_by(AGENT), T0),
    "dead_jump_report": lambda out: out.liveness.accuse(AGENT, T0),
    "fall": lambda out: out.liveness.note_down(AGENT, T0),
    "applied": lambda out: out.progress.note_applied(said_by(AGENT), Revision(7), "hash", T0),
    "failed": lambda out: out.progress.note_failure(said_by(AGENT), "why", T0),
    "disconnect": lambda out: out.presence.note_disconnected(AGENT, ConnectionId("c"), T0),
    "fact": lambda out: out.facts.insert(Fact(LAB.id, AGENT, FactKind.APPLIED, T0)),
    "facts": lambda out: out.facts.insert(*(Fact(LAB.id, AGENT, kind, T0) for kind in FactKind)),
    "expected": lambda out: out.rollouts.expect(LAB.id, {Revision(7): Expected(frozenset({AGENT}), T0)}, T0),
    "socket": lambda out: out.connections.add(ROWS[:1]),
    "sockets": lambda out: out.connections.add(ROWS),
    "socket closed": lambda out: out.connections.remove(ROWS[0]),
    "request begun": lambda out: out.requests.begin(REQUEST),
    "request forgotten": lambda out: out.requests.forget(REQUEST),
}


class Conflicts:
    """Answers the first writes of a client as DynamoDB does while a transaction holds their item."""

    def __init__(self) -> None:
        self.left = 0
        table: Any = PresenceItem._get_connection()
        table.connection.client.meta.events.register_first("before-send.dynamodb", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if self.left == 0:
            return None
        self.left -= 1
        said = {"__type": f"com.amazonaws.dynamodb.v20120810#{connection.CONFLICT}", "message": "in a transaction"}
        return Refusal(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(said).encode())


class Refusal(AWSResponse):
    def __init__(self, url: str, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(url, status, HeadersDict(headers), None)  # type: ignore[arg-type]
        self._content = body


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        settings = settings_from(environment("test"))
        create_tables(settings)
        outside = Aws(settings)
        outside.transactions.commit(Commit(change(LAB), (CreateNetwork(LAB), AdmitAgent(AGENT, Revision(5), HOST))))
        yield outside


@pytest.fixture(scope="module")
def wire(outside: Outside) -> Conflicts:
    return Conflicts()


@pytest.fixture
def conflicts(wire: Conflicts, monkeypatch: pytest.MonkeyPatch) -> Conflicts:
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 0.0)
    return wire


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_meets_a_transaction_is_done_after_it(outside: Outside, conflicts: Conflicts, write: str) -> None:
    conflicts.left = CONFLICTS - 1

    WRITES[write](outside)

    assert conflicts.left == 0


def test_a_transaction_that_does_not_end_is_said_to_be_there(outside: Outside, conflicts: Conflicts) -> None:
    conflicts.left = CONFLICTS

    with pytest.raises(Exception, match=connection.CONFLICT):
        outside.presence.note_heartbeat(said_by(AGENT), "i", 1, None, T0)

    assert conflicts.left == 0


def test_the_pauses_grow_differ_and_end() -> None:
    refused = (object(), {"Error": {"Code": connection.CONFLICT}})
    pauses = [[pause_s(attempts, refused) for _ in range(200)] for attempts in range(1, CONFLICTS)]
    longest = [max(pause or 0.0 for pause in drawn) for drawn in pauses]

    assert all(len(set(drawn)) > 1 for drawn in pauses)
    assert all(later > earlier for earlier, later in itertools.pairwise(longest))
    assert longest[-1] <= LONGEST_WAIT_S
    assert pause_s(CONFLICTS, refused) is None


def test_what_is_no_conflict_is_left_to_botocore() -> None:
    assert pause_s(1, (object(), {"Error": {"Code": "ValidationException"}})) is None
    assert pause_s(1, (object(), {})) is None
    assert pause_s(1, None, caught_exception=OSError()) is None
