"""Sessions, assertions and tickets, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import (
    PutPeer,
)
from chalicelib.domain.identity.principal import Agent, Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import EnrollmentToken, PeerRecord
from chalicelib.ports.identity import Assertion
from chalicelib.ports.sessions import AgentSession, Ticket
from chalicelib.ports.transactions import CommitConflict
from tests.builders import T0, a_dynamic, said_by
from tests.contracts.stores import LAB, advance


@pytest.mark.parametrize("networks", [None, frozenset(), frozenset({LAB.id})])
def test_a_ticket_is_taken_once(outside: Outside, networks: frozenset[NetworkId] | None) -> None:
    ticket = Ticket(Viewer(PrincipalId("usr_1"), networks), Secret("hash"), T0, T0 + timedelta(hours=1))
    outside.sessions.put_ticket("tkt_1", ticket)

    assert outside.sessions.take_ticket(PrincipalId("usr_2"), "tkt_1") is None
    assert outside.sessions.take_ticket(PrincipalId("usr_1"), "tkt_1") == ticket
    assert outside.sessions.take_ticket(PrincipalId("usr_1"), "tkt_1") is None


def test_an_assertion_opens_one_session(outside: Outside, lab: Network) -> None:
    advance(outside, lab, PutPeer(run_by("device")))
    session = AgentSession(Agent(lab.id, a_dynamic().id, "admission"), Secret("hash"), T0 + timedelta(hours=1))
    once = Assertion("jti", T0)

    assert outside.sessions.open("ses_1", session, once, "device", T0) is True
    assert outside.sessions.open("ses_2", session, once, "device", T0) is False
    assert outside.sessions.get(a_dynamic().id, "ses_1") == session
    assert outside.sessions.get(a_dynamic().id, "ses_2") is None

    outside.sessions.end_all(a_dynamic().id)
    assert outside.sessions.get(a_dynamic().id, "ses_1") is None
    assert outside.sessions.open("ses_3", session, once, "device", T0) is False


def test_who_is_refused_opens_no_session_before_the_time_is_over(outside: Outside, lab: Network) -> None:
    advance(outside, lab, PutPeer(run_by("device")))
    session = AgentSession(said_by(a_dynamic().id), Secret("hash"), T0 + timedelta(hours=1))
    outside.sessions.open("ses_1", session, Assertion("jti_1", T0), "device", T0)
    later = T0 + timedelta(minutes=10)

    outside.sessions.refuse(session.agent, "ses_1", later)

    assert outside.sessions.get(a_dynamic().id, "ses_1") is None
    assert outside.peers.get(lab.id, a_dynamic().id) == replace(run_by("device"), refused_until=later)
    with pytest.raises(CommitConflict):
        outside.sessions.open("ses_2", session, Assertion("jti_2", T0), "device", later - timedelta(seconds=1))
    assert outside.sessions.open("ses_2", session, Assertion("jti_2", T0), "device", later) is True


def test_a_peer_that_is_gone_is_not_brought_back_by_a_refusal(outside: Outside, lab: Network) -> None:
    outside.sessions.refuse(said_by(a_dynamic().id), "ses_1", T0)

    with pytest.raises(PeerNotFound):
        outside.peers.get(lab.id, a_dynamic().id)


@pytest.mark.parametrize("device_key", [None, "another", "no peer"])
def test_no_session_opens_for_a_device_key_that_is_no_longer_the_peers(
    outside: Outside, lab: Network, device_key: str | None
) -> None:
    if device_key != "no peer":
        advance(outside, lab, PutPeer(run_by(device_key)))
    session = AgentSession(said_by(a_dynamic().id), Secret("hash"), T0 + timedelta(hours=1))

    with pytest.raises(CommitConflict):
        outside.sessions.open("ses_1", session, Assertion("jti", T0), "device", T0)
    assert outside.sessions.get(a_dynamic().id, "ses_1") is None

    advance(outside, outside.networks.get(lab.id), PutPeer(run_by("device")))
    assert (
        outside.sessions.open("ses_1", session, Assertion("jti", T0), "device", T0) is True
    )  # the assertion was not burnt


def run_by(device_key: str | None) -> PeerRecord:
    return PeerRecord(a_dynamic(), EnrollmentToken(Secret("hash"), T0, device_key))
