"""Many at once: exactly one wins. On engines that keep their promises under concurrency."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.bootstrap import Outside
from chalicelib.domain.change import AdmitAgent, AdvanceNetwork, Claim, Commit, CreateNetwork, TakeAddress, Write
from chalicelib.domain.ids import ConnectionId, PeerId, PrincipalId, Revision
from chalicelib.domain.ipam import Allocation
from chalicelib.domain.principal import Agent, Viewer
from chalicelib.domain.tokens import Secret
from chalicelib.ports import AgentSession, Moved, Refused, Ticket
from tests.builders import T0, a_dynamic
from tests.contracts.test_stores import HOST, LAB, change

RACERS = 16


def race(attempt: Callable[[int], bool]) -> int:
    """How many of RACERS that start together come through."""
    start = Barrier(RACERS)

    def run(number: int) -> bool:
        start.wait()
        return attempt(number)

    with ThreadPoolExecutor(RACERS) as pool:
        return sum(pool.map(run, range(RACERS)))


def is_committed(outside: Outside, revision: int, writes: Sequence[Write]) -> bool:
    network = replace(LAB, revision=Revision(revision))
    try:
        outside.transactions.commit(Commit(change(network), tuple(writes)))
    except (Moved, Refused):
        return False
    return True


@pytest.fixture
def outside(shared_outside: Outside) -> Outside:
    shared_outside.transactions.commit(Commit(change(LAB), (CreateNetwork(LAB),)))
    return shared_outside


def test_one_change_takes_a_revision(outside: Outside) -> None:
    after = replace(LAB, revision=Revision(LAB.revision + 1))

    assert race(lambda _: is_committed(outside, after.revision, [AdvanceNetwork(after)])) == 1
    assert outside.networks.get(LAB.id).revision == after.revision


@pytest.mark.parametrize("kind", ["label", "key", "route"])
def test_one_peer_holds_a_claim(outside: Outside, kind: str) -> None:
    def claimed(number: int) -> bool:
        claim = Claim(LAB.id, kind, "wanted by all", PeerId(f"dyn_{number}"))  # type: ignore[arg-type]
        return is_committed(outside, 100 + number, [claim])

    assert race(claimed) == 1


def test_one_peer_gets_an_address(outside: Outside) -> None:
    def taken(number: int) -> bool:
        return is_committed(outside, 100 + number, [TakeAddress(LAB.id, PeerId(f"dyn_{number}"), Allocation(7))])

    assert race(taken) == 1


def test_a_ticket_is_taken_once_however_many_try(outside: Outside) -> None:
    person = PrincipalId("usr_1")
    outside.sessions.put_ticket("tkt_1", Ticket(Viewer(person, None), Secret("h"), T0, T0 + timedelta(hours=1)))

    assert race(lambda _: outside.sessions.take_ticket(person, "tkt_1") is not None) == 1


def test_an_assertion_opens_one_session_however_often_it_is_sent(outside: Outside) -> None:
    session = AgentSession(Agent(LAB.id, a_dynamic().id), Secret("h"), T0 + timedelta(hours=1))

    assert race(lambda number: outside.sessions.open(f"ses_{number}", session, "jti", T0)) == 1


def test_wanted_ends_at_the_highest_whatever_the_order(outside: Outside) -> None:
    agent = a_dynamic().id
    assert is_committed(outside, 100, [AdmitAgent(agent, Revision(1), HOST)])

    def wanted(number: int) -> bool:
        outside.presence.want([agent], Revision(10 + (number * 7) % RACERS))
        outside.presence.connected(agent, ConnectionId(f"c{number}"), "i", T0)
        return True

    race(wanted)

    assert outside.presence.wanted(agent) == 10 + RACERS - 1
