"""A write whose answer is lost, which botocore then sends again: it finds its own first try, and is done once.

The stores are shared by the tests of this file.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.network import NetworkItem
from chalicelib.bootstrap.aws import Aws
from chalicelib.domain.bundle.signing import SigningKey, SigningKeys
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import (
    AdmitAgent,
    AdvanceNetwork,
    Claim,
    Commit,
    CreateNetwork,
    FreeAddress,
    PutPeer,
    TakeAddress,
)
from chalicelib.domain.identity.principal import Agent, Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import ConnectionId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.network import SealedSecret
from chalicelib.domain.peer.peer import EnrollmentToken, PeerRecord
from chalicelib.ports.identity import Assertion
from chalicelib.ports.sessions import AgentSession, Ticket
from tests.builders import T0, a_dynamic, a_network, said_by
from tests.contracts.stores import HOST, change

FIRST = SigningKeys(1, SigningKey(SealedSecret(b"a"), "A"), SigningKey(SealedSecret(b"b"), "B"))
SECOND = SigningKeys(2, FIRST.successor, SigningKey(SealedSecret(b"c"), "C"))


@contextmanager
def answer_lost(operation: str) -> Iterator[None]:
    """Have botocore send the next request of this operation once more, as if no answer had come."""
    events: Any = NetworkItem._get_connection().connection.client.meta.events
    event, lost = f"needs-retry.dynamodb.{operation}", iter([0.0])
    again: list[float | None] = []

    def ask_again(**_: object) -> float | None:
        again.append(next(lost, None))
        return again[-1]

    events.register_first(event, ask_again)
    try:
        yield
    finally:
        events.unregister(event, ask_again)
    assert again[:2] == [0.0, None]  # sent, and sent once more


def test_a_commit(dynamodb_outside: Aws) -> None:
    network = a_network(name=uuid.uuid4().hex)
    later = network.advanced(T0)
    mine = PeerId("dyn_mine")
    address = Allocation(5, T0)
    writes = (AdvanceNetwork(later), TakeAddress(network.id, mine, address), Claim(network.id, "label", "web", mine))

    with answer_lost("TransactWriteItems"):
        created = (CreateNetwork(network), FreeAddress(network.id, 5, T0))
        dynamodb_outside.transactions.commit(Commit(change(network), created))
    with answer_lost("TransactWriteItems"):
        dynamodb_outside.transactions.commit(Commit(change(later), writes))

    assert dynamodb_outside.networks.get(network.id).revision == later.revision


def test_the_beginning_and_the_end_of_a_request(dynamodb_outside: Aws) -> None:
    store = dynamodb_outside.requests
    first = Replayable(PrincipalId("tok_1"), uuid.uuid4().hex, "hash", "req_1", T0)
    second = replace(first, attempt="req_2")

    with answer_lost("PutItem"):
        assert store.begin(first) is None
    with answer_lost("PutItem"):
        assert store.begin(second) == first
    with answer_lost("PutItem"):
        assert store.take_over(first, second) is True
    with answer_lost("PutItem"):
        assert store.take_over(first, replace(first, attempt="req_3")) is False
    with answer_lost("PutItem"):
        assert store.take_over(second, replace(second, made=("dyn_1",), is_done=True)) is True

    assert store.begin(first) == replace(second, made=("dyn_1",), is_done=True)


def test_a_ticket(dynamodb_outside: Aws) -> None:
    person = PrincipalId(f"usr_{uuid.uuid4().hex}")
    ticket = Ticket(Viewer(person, None), Secret("hash"), T0, T0 + timedelta(hours=1))
    dynamodb_outside.sessions.put_ticket("tkt_1", ticket)

    with answer_lost("UpdateItem"):
        assert dynamodb_outside.sessions.take_ticket(person, "tkt_1") == ticket
    with answer_lost("UpdateItem"):
        assert dynamodb_outside.sessions.take_ticket(person, "tkt_1") is None


def test_a_session(dynamodb_outside: Aws) -> None:
    network, peer = a_network(name=uuid.uuid4().hex), a_dynamic()
    proved = EnrollmentToken(Secret("hash"), T0, "device")
    enrolled = PutPeer(PeerRecord(replace(peer, network_id=network.id), proved))
    dynamodb_outside.transactions.commit(Commit(change(network), (CreateNetwork(network), enrolled)))
    session = AgentSession(Agent(network.id, peer.id), Secret("hash"), T0 + timedelta(hours=1))

    with answer_lost("TransactWriteItems"):
        assert dynamodb_outside.sessions.open("ses_1", session, Assertion(uuid.uuid4().hex, T0), "device", T0) is True


def test_signing_keys(dynamodb_outside: Aws) -> None:
    store = dynamodb_outside.signing_keys

    with answer_lost("PutItem"):
        assert store.put(FIRST) is True
    with answer_lost("PutItem"):
        assert store.put(SECOND) is True
    with answer_lost("PutItem"):
        assert store.put(replace(SECOND, current=SigningKey(SealedSecret(b"x"), "X"))) is False

    assert store.get() == SECOND


@pytest.fixture
def agent(dynamodb_outside: Aws) -> PeerId:
    network, agent = a_network(name=uuid.uuid4().hex), PeerId(f"dyn_{uuid.uuid4().hex}")
    admitted = (CreateNetwork(network), AdmitAgent(agent, Revision(1), HOST))
    dynamodb_outside.transactions.commit(Commit(change(network), admitted))
    return agent


def test_what_an_agent_ran_before(dynamodb_outside: Aws, agent: PeerId) -> None:
    progress = dynamodb_outside.progress

    with answer_lost("UpdateItem"):
        assert progress.note_applied(said_by(agent), Revision(5), "hash", T0) == 0
    with answer_lost("UpdateItem"):
        assert progress.note_applied(said_by(agent), Revision(7), "hash", T0 + timedelta(microseconds=1)) == 5

    assert progress.note_applied(said_by(agent), Revision(7), "hash", T0 + timedelta(seconds=1)) == 7
    assert progress.note_applied(said_by(agent), Revision(6), "hash", T0 + timedelta(seconds=2)) is None


def test_the_end_of_a_socket(dynamodb_outside: Aws, agent: PeerId) -> None:
    presence = dynamodb_outside.presence
    presence.note_connected(said_by(agent), ConnectionId("c"), "i", T0)

    with answer_lost("UpdateItem"):
        assert presence.note_disconnected(agent, ConnectionId("c"), T0) is not None
    presence.note_connected(said_by(agent), ConnectionId("newer"), "i", T0)
    with answer_lost("UpdateItem"):
        assert presence.note_disconnected(agent, ConnectionId("c"), T0) is None
