"""Many machines at once with one join key, over engines that keep their promises under concurrency."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.adapters.memory.queues import MemoryFailoverQueue
from chalicelib.adapters.system import SystemClock
from chalicelib.application.agents.joining import Joining
from chalicelib.application.peers.new_peer import Applicant
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import Commit, CreateNetwork
from chalicelib.domain.errors import Busy, Refusal
from chalicelib.domain.identity.join_key import JoinKey, PeerTerms
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.identity.writes import PutJoinKey
from tests.builders import a_join_key, a_key, a_network
from tests.contracts.racing import creation_over
from tests.contracts.stores import HOST, change
from tests.contracts.test_accounts import write

HOSTS, LIMIT = 50, 10
NETWORK = a_network("10.2.0.0/24", name="runners")
TOKEN = Token("wirety_join", f"{NETWORK.id}:key_runners", "secret")
PATIENCE = 20  # times a busy answer is asked again, as an agent would


@pytest.fixture
def outside(shared_outside: Outside) -> Outside:
    shared_outside.transactions.commit(Commit(change(NETWORK), (CreateNetwork(NETWORK),)))
    return shared_outside


def a_key_with(outside: Outside, uses: int | None) -> JoinKey:
    expires_at = SystemClock().now().replace(microsecond=0) + timedelta(days=1)
    terms = PeerTerms(is_ephemeral=True)
    key = a_join_key(uses=uses, expires_at=expires_at, network_id=NETWORK.id, secret=TOKEN.hashed(), terms=terms)
    write(outside, PutJoinKey(key))
    return key


def raced(outside: Outside, applicants: list[Applicant]) -> Counter[str]:
    """What became of all who start together: the peer's id, or the code of the refusal."""
    clock = SystemClock()
    tasks = MemoryFailoverQueue(clock)
    creation = creation_over(outside)
    joining = Joining(creation.edits, creation, outside.join_keys, lambda: tasks, clock)
    start = Barrier(len(applicants))

    def became(applicant: Applicant) -> str:
        start.wait()
        for _ in range(PATIENCE):
            try:
                return joining.join(TOKEN, applicant).id
            except Busy:
                continue
            except Refusal as refusal:
                return refusal.code
        return Busy.code

    with ThreadPoolExecutor(len(applicants)) as pool:
        return Counter(pool.map(became, applicants))


def an_applicant(number: int) -> Applicant:
    host = replace(HOST, hostname="template")
    return Applicant(a_key(f"wireguard {number}"), a_key(f"device {number}"), host, None)


def test_a_key_makes_exactly_as_many_peers_as_it_may(outside: Outside) -> None:
    key = a_key_with(outside, LIMIT)

    became = raced(outside, [an_applicant(number) for number in range(HOSTS)])

    peers = outside.peers.all(NETWORK.id)
    assert became.pop("join_key_used_up") == HOSTS - LIMIT
    assert set(became) == {peer.id for peer in peers}
    assert len({peer.index for peer in peers}) == len({peer.name for peer in peers}) == len(peers) == LIMIT
    stored = outside.join_keys.get(NETWORK.id, key.id)
    assert stored is not None
    assert stored.used == LIMIT
    assert outside.networks.get(NETWORK.id).revision == NETWORK.revision + LIMIT


def test_one_machine_that_asks_many_times_at_once_becomes_one_peer(outside: Outside) -> None:
    key = a_key_with(outside, None)

    became = raced(outside, [an_applicant(1)] * 12)

    [peer] = outside.peers.all(NETWORK.id)
    assert became == {peer.id: 12}
    stored = outside.join_keys.get(NETWORK.id, key.id)
    assert stored is not None
    assert stored.used == 1
