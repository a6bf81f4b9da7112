"""Halfway is nowhere: races, poison, and stores that fail."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.application.peers.new_peer import NewPeer
from chalicelib.application.push import plans
from chalicelib.domain.change.agent_notices import ConfigChanged
from chalicelib.domain.change.audience import Audience, audience
from chalicelib.domain.change.change import Change
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.errors import AddressPoolExhausted
from chalicelib.domain.peer.errors import AddressInUse, PeerNameInUse
from chalicelib.domain.peer.peer import Kind
from chalicelib.entrypoints import streams
from tests.builders import ADMINISTRATOR, a_key
from tests.records import change_record
from tests.world import SimulatedAgent, World


def race(world: World, network: str, asked: list[NewPeer]) -> list[object]:
    """Create them all at once; answers what each got, an error as itself."""

    def create(new: NewPeer) -> object:
        try:
            return world.container.creation.create(NetworkId(network), new, by=ADMINISTRATOR).peer.index
        except (AddressPoolExhausted, AddressInUse, PeerNameInUse, Busy) as refusal:
            return refusal

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(create, asked))


def test_racing_creates_get_every_free_address_once_and_the_rest_a_clear_no() -> None:
    world = World(Adversary(1, conflicts=0.3))
    network = world.network(cidr="10.0.0.0/28")

    got = race(world, network, [NewPeer(name=f"p{n}", kind=Kind.DYNAMIC) for n in range(20)])

    assert sorted(index for index in got if isinstance(index, int)) == list(range(1, 15))
    assert sum(isinstance(one, AddressPoolExhausted) for one in got) == 6
    assert world.outside.tables.networks[NetworkId(network)].peers == 14


def test_two_creates_racing_for_one_address_leave_one_peer_and_a_conflict() -> None:
    world = World()
    network = world.network()

    got = race(world, network, [NewPeer(name=f"p{n}", kind=Kind.DYNAMIC, address="10.0.0.9") for n in range(2)])

    assert sorted(type(one).__name__ for one in got) == ["AddressInUse", "int"]
    assert len(world.outside.tables.peers) == 1


def test_two_creates_racing_for_one_name_leave_one_peer_and_a_conflict() -> None:
    world = World(Adversary(2, conflicts=0.3))
    network = world.network()

    got = race(world, network, [NewPeer(name="same", kind=Kind.DYNAMIC) for _ in range(2)])

    assert sorted(type(one).__name__ for one in got) == ["PeerNameInUse", "int"]
    assert len(world.outside.tables.allocations) == 1


def test_a_network_that_never_stands_still_is_busy_not_full() -> None:
    world = World()
    network = world.network()
    world.outside.tables.adversary = Adversary(conflicts=1.0)
    before = world.outside.clock.now()

    refused = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "p"})

    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (503, "busy", "1")
    assert world.outside.tables.peers == {}
    waited = (world.outside.clock.now() - before).total_seconds()
    assert 0 < waited < 60 * 0.5


def test_a_bundle_never_mixes_two_revisions() -> None:
    world = World()
    network = world.network()
    agent = world.agent(network, "jump", "hub")
    agent.open_session()
    moving = world.outside.networks
    original = moving.get

    def moved(network_id: NetworkId) -> Any:
        stored = world.outside.tables.networks[network_id]
        world.outside.tables.networks[network_id] = stored.advanced(stored.updated_at)
        return original(network_id)

    moving.get = moved  # type: ignore[method-assign]

    assert agent.fetch().status == 503


def test_a_freed_address_waits_until_nothing_else_is_free() -> None:
    world = World()
    network = world.network(cidr="10.0.0.0/29")
    path = f"/networks/{network}/peers"
    peers = [world.api("POST", path, {"kind": "dynamic", "name": f"p{n}"}).json["peer"] for n in range(3)]
    world.api("DELETE", f"{path}/{peers[0]['id']}")

    addresses = [
        world.api("POST", path, {"kind": "dynamic", "name": f"q{n}"}).json["peer"]["address"] for n in range(4)
    ]

    assert addresses == ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.1"]
    full = world.api("POST", path, {"kind": "dynamic", "name": "one too many"})
    assert (full.status, full.json["code"]) == (409, "address_pool_exhausted")


def test_asking_for_a_quarantined_address_ends_its_quarantine() -> None:
    world = World()
    path = f"/networks/{world.network()}/peers"
    first = world.api("POST", path, {"kind": "dynamic", "name": "first"}).json["peer"]
    world.api("DELETE", f"{path}/{first['id']}")

    again = world.api("POST", path, {"kind": "dynamic", "name": "second", "address": first["address"]})

    assert (again.status, again.json["peer"]["address"]) == (201, "10.0.0.1")


def record(network: str, revision: int) -> dict[str, Any]:
    return {
        "dynamodb": {
            "SequenceNumber": str(revision),
            "Keys": {"network_id": {"S": network}, "item": {"S": f"{revision:012d}"}},
            "NewImage": {"network_id": {"S": network}, "poison": {"BOOL": True}},
        }
    }


def test_a_record_that_cannot_be_planned_concerns_everyone_and_is_kept_whole() -> None:
    world = World()
    hub = world.agent(world.network(), "jump", "hub")
    world.settle()
    hub.connect()
    poison = record(hub.network_id, 99)

    answer = streams.plan({"Records": [poison]})
    world.deliver()

    assert answer == {"batchItemFailures": []}
    assert [kept for kept, _ in world.outside.dead_letters.buried] == [poison]
    assert hub.hints == [99]


def hinted(agent: SimulatedAgent) -> list[int]:
    """The revisions that wait in the queue to be told to an agent."""
    waiting = agent.world.outside.queue.messages
    to_it = (push for push in waiting if any(socket.holder == agent.peer_id for socket in push.connections))
    return [push.notice.revision for push in to_it if isinstance(push.notice, ConfigChanged)]


@pytest.fixture
def hub(world: World) -> SimulatedAgent:
    """Connected, and in step."""
    hub = world.agent(world.network(), "jump", "hub")
    world.settle()
    hub.connect()
    return hub


def changed(hub: SimulatedAgent, mtus: Sequence[int]) -> list[Change]:
    """Changes of the jump itself, not planned yet."""
    for mtu in mtus:
        hub.world.api("PATCH", f"/networks/{hub.network_id}/peers/{hub.peer_id}", {"mtu": mtu})
    return list(hub.world.outside.tables.changes.values())[-len(mtus) :]


def test_a_record_that_cannot_be_read_hinders_no_other_of_its_batch(hub: SimulatedAgent) -> None:
    first, last = changed(hub, [1400, 1380])
    poison = record(hub.network_id, 99)

    answer = streams.plan({"Records": [change_record(first), poison, change_record(last)]})

    assert answer == {"batchItemFailures": []}
    assert hub.world.outside.dead_letters.buried == [(poison, ANY)]
    assert sorted(hinted(hub)) == [last.revision, 99]


def test_changes_that_cannot_be_planned_together_are_planned_each_by_itself(
    world: World, hub: SimulatedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.network("other", "10.1.0.0/24")
    elsewhere = world.agent(other, "jump", "elsewhere", endpoint="198.51.100.2")
    elsewhere.connect()
    theirs = list(world.outside.tables.changes.values())[-1]
    first, bad, last = changed(hub, [1400, 1380, 1360])

    def fails(change: Change) -> Audience:
        if change.revision == bad.revision:
            raise LookupError(change.revision)
        return audience(change)

    monkeypatch.setattr(plans, "audience", fails)

    answer = streams.plan({"Records": [change_record(change) for change in (first, theirs, bad, last)]})

    assert answer == {"batchItemFailures": []}
    assert [kept for kept, _ in world.outside.dead_letters.buried] == [change_record(bad)]
    assert hinted(hub) == [first.revision, bad.revision, last.revision]
    assert hinted(elsewhere) == [theirs.revision]


def test_a_record_that_cannot_even_be_buried_is_reported_to_the_stream() -> None:
    world = World()

    def full(record: object, reason: str) -> None:
        raise ConnectionError

    world.outside.dead_letters.put = full  # type: ignore[method-assign]

    assert streams.plan({"Records": [record("net_1", 5)]}) == {"batchItemFailures": [{"itemIdentifier": "5"}]}


@pytest.mark.parametrize("failing", ["networks", "peers", "allocator", "vault", "edits"])
def test_a_store_that_fails_makes_no_half_peer(failing: str) -> None:
    world = World()
    network = world.network()

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise ConnectionError(name)

    world.agent(network, "jump", "hub")
    before = world.outside.tables.snapshot()
    creation = replace(world.container.creation, **{failing: Broken()})  # type: ignore[arg-type]

    with pytest.raises(ConnectionError):
        creation.create(NetworkId(network), NewPeer(name="p", kind=Kind.STATIC, public_key=a_key()), by=ADMINISTRATOR)
    assert world.outside.tables.snapshot() == before
    assert isinstance(world.outside.clock, SteppedClock)
