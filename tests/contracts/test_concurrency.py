"""Many at once: exactly one wins. On engines that keep their promises under concurrency."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.application.peers.new_peer import NewPeer
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.rollout import Expected, Mark, Rollout
from chalicelib.domain.change.writes import (
    AdmitAgent,
    AdvanceNetwork,
    Claim,
    Commit,
    CreateNetwork,
    FreeAddress,
    PutPeer,
    TakeAddress,
    Write,
    WriteBlock,
)
from chalicelib.domain.errors import Busy
from chalicelib.domain.identity.principal import Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import User
from chalicelib.domain.identity.writes import PutUser
from chalicelib.domain.ids import ConnectionId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Block, BlockKey, Directory
from chalicelib.domain.network.errors import AddressPoolExhausted
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, PeerRecord
from chalicelib.domain.peer.presence import Fact, FactKind
from chalicelib.ports.identity import Assertion
from chalicelib.ports.sessions import AgentSession, Ticket
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import ADMINISTRATOR, T0, a_dynamic, a_network, a_static, said_by
from tests.contracts.racing import creation_over
from tests.contracts.stores import HOST, LAB, change, wanted

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
    except (CommitConflict, ConditionFailed):
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


def test_one_peer_gets_an_address_out_of_quarantine(outside: Outside) -> None:
    assert is_committed(outside, 99, [FreeAddress(LAB.id, 7, T0)])

    def taken(number: int) -> bool:
        return is_committed(outside, 100 + number, [TakeAddress(LAB.id, PeerId(f"dyn_{number}"), Allocation(7, T0))])

    assert race(taken) == 1
    assert list(outside.allocations.freed(LAB.id)) == []


def test_one_network_is_the_next_in_the_directory(outside: Outside) -> None:
    def joined(number: int) -> bool:
        network = a_network(f"10.{number}.0.0/16", name=f"n{number}")
        [block] = Directory({BlockKey("10"): Block(BlockKey("10"))}).with_network(network).changed()
        return is_committed(outside, 100 + number, [CreateNetwork(network), WriteBlock(block)])

    assert race(joined) == 1
    assert len(outside.networks.many([a_network(name=f"n{number}").id for number in range(RACERS)])) == 1


def test_peers_created_at_once_have_an_address_each_until_none_is_left(outside: Outside) -> None:
    small = a_network("10.1.0.0/28", name="small")  # 14 usable
    outside.transactions.commit(Commit(change(small), (CreateNetwork(small),)))
    creation = creation_over(outside)

    def created(number: int) -> bool:
        for _ in range(RACERS):
            try:
                creation.create(small.id, NewPeer(name=f"peer {number}", kind=Kind.DYNAMIC), ADMINISTRATOR)
            except AddressPoolExhausted:
                return False
            except Busy:  # a slow machine: asked again, as a caller would
                continue
            return True
        raise AssertionError("never came through")

    assert race(created) == 14
    assert sorted(peer.index for peer in outside.peers.all(small.id)) == list(range(1, 15))
    assert outside.networks.get(small.id).revision == small.revision + 14


def test_a_ticket_is_taken_once_however_many_try(outside: Outside) -> None:
    person = PrincipalId("usr_1")
    outside.sessions.put_ticket("tkt_1", Ticket(Viewer(person, None), Secret("h"), T0, T0 + timedelta(hours=1)))

    assert race(lambda _: outside.sessions.take_ticket(person, "tkt_1") is not None) == 1


def test_an_assertion_opens_one_session_however_often_it_is_sent(outside: Outside) -> None:
    peer = PeerRecord(a_dynamic(), EnrollmentToken(Secret("h"), T0, "device"))
    assert is_committed(outside, 100, [PutPeer(peer)])
    session = AgentSession(said_by(a_dynamic().id), Secret("h"), T0 + timedelta(hours=1))

    def is_opened(number: int) -> bool:
        try:
            return outside.sessions.open(f"ses_{number}", session, Assertion("jti", T0), "device", T0)
        except CommitConflict:  # the store was contended
            return False

    assert race(is_opened) == 1


def test_wanted_ends_at_the_highest_whatever_the_order(outside: Outside) -> None:
    agent = a_dynamic().id
    assert is_committed(outside, 100, [AdmitAgent(agent, Revision(1), HOST)])

    def raised(number: int) -> bool:
        outside.progress.raise_wanted({agent: Revision(10 + (number * 7) % RACERS)})
        outside.presence.note_connected(said_by(agent), ConnectionId(f"c{number}"), "i", T0)
        return True

    race(raised)

    assert wanted(outside, agent) == 10 + RACERS - 1


def test_a_fact_recorded_by_many_is_recorded(outside: Outside) -> None:
    fact = Fact(LAB.id, a_static().id, FactKind.HANDSHAKE, T0)

    def recorded(_: int) -> bool:
        outside.facts.insert(fact)
        return True

    assert race(recorded) == RACERS


def test_a_person_seen_by_many_at_once_is_kept_as_first_seen(outside: Outside) -> None:
    def seen(number: int) -> bool:
        user = User(PrincipalId("usr_1"), "https://idp", "sub", None, f"name {number}", T0)
        try:
            outside.transactions.commit(Commit(None, (PutUser(user),)))
        except CommitConflict:
            return False
        return outside.accounts.user(user.id)[0] == user

    assert race(seen) == 1


def test_reports_that_many_count_at_once_count_once_each(shared_outside: Outside) -> None:
    store, revision = shared_outside.rollouts, Revision(9)
    who = [PeerId(f"dyn_{number:08d}") for number in range(120)]
    store.expect(LAB.id, {revision: Expected(frozenset(who), T0)}, T0)

    def counted(number: int) -> bool:
        some = who[number % 8 * 15 :][:30]
        store.count(LAB.id, [Mark(peer_id, revision, timedelta(milliseconds=80)) for peer_id in some], T0)
        return True

    assert race(counted) == RACERS

    assert store.rollouts(LAB.id, revision, revision) == {revision: Rollout(T0, 120, 120, 0, {80: 120})}
