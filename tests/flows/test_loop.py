"""Change → plan → push → fetch, in process."""

from datetime import timedelta
from itertools import count

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.presence import OwnHandshakes, Sighting
from chalicelib.wire.frames import Ack, ConfigChanged, Welcome
from tests.builders import a_key
from tests.world import SimulatedAgent, World

KEYS = (a_key(f"static {n}") for n in count())


def a_static(world: World, network: str, name: str, **fields: object) -> str:
    body = {"kind": "static", "name": name, "public_key": next(KEYS), **fields}
    return str(world.api("POST", f"/networks/{network}/peers", body).json["peer"]["id"])


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def trio(world: World) -> tuple[str, SimulatedAgent, SimulatedAgent, SimulatedAgent]:
    """A network with a jump and two dynamic peers, all connected and in step."""
    network = world.network()
    hub, left, right = (
        world.agent(network, kind, name) for kind, name in (("jump", "hub"), ("dynamic", "left"), ("dynamic", "right"))
    )
    world.settle()
    for agent in (hub, left, right):
        agent.connect()
        agent.fetch()
    return network, hub, left, right


Trio = tuple[str, SimulatedAgent, SimulatedAgent, SimulatedAgent]


def test_a_static_peer_reaches_the_jump_alone(world: World, trio: Trio) -> None:
    network, hub, left, right = trio

    a_static(world, network, "phone")
    world.settle()

    assert (len(hub.hints), len(left.hints), len(right.hints)) == (1, 0, 0)
    assert hub.fetch().status == 200
    assert "10.0.0.4/32" in hub.allowed_ips
    assert left.fetch().status == 304


def test_a_lan_behind_a_peer_reaches_everyone(world: World, trio: Trio) -> None:
    network, *agents = trio

    router = a_static(world, network, "router", additional_allowed_ips=["192.168.9.0/24"])
    world.settle()
    for agent in agents:
        agent.fetch()
        assert "192.168.9.0/24" in agent.allowed_ips

    world.api("DELETE", f"/networks/{network}/peers/{router}")
    world.settle()
    for agent in agents:
        agent.fetch()
        assert "192.168.9.0/24" not in agent.allowed_ips


def test_an_agent_that_was_away_learns_from_its_welcome(world: World, trio: Trio) -> None:
    network, hub, _, _ = trio
    hub.close()
    a_static(world, network, "phone")
    world.settle()

    hub.connect()

    assert isinstance(hub.frames[-1], Welcome)
    assert hub.frames[-1].wanted > hub.revision


def test_a_lost_push_heals_with_the_next_heartbeat(world: World, trio: Trio) -> None:
    network, hub, _, _ = trio
    world.outside.gateway.sent.clear()
    a_static(world, network, "phone")
    world.settle()
    before = hub.revision

    hub.send({"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": before, "hash": "x"})

    assert isinstance(hub.frames[-1], Ack)
    assert hub.frames[-1].wanted > before


@pytest.mark.parametrize("seed", range(10))
def test_doubled_and_reordered_deliveries_end_in_the_same_bundles(seed: int) -> None:
    world = World(Adversary(seed, conflicts=0.3, doubles=0.5))
    network = world.network()
    agents = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "left")]
    world.settle()
    for agent in agents:
        agent.connect()
        agent.fetch()
    for n in range(5):
        peer = a_static(world, network, f"router {n}", additional_allowed_ips=[f"192.168.{n}.0/24"])
        if n % 2:
            world.api("DELETE", f"/networks/{network}/peers/{peer}")
    world.settle()

    for agent in agents:
        agent.fetch()
        kept = {cidr for cidr in agent.allowed_ips if cidr.startswith("192.168.")}
        assert kept == {"192.168.0.0/24", "192.168.2.0/24", "192.168.4.0/24"}
        assert agent.fetch().status == 304


def test_a_socket_that_is_not_open_yet_is_tried_again(world: World, trio: Trio) -> None:
    network, hub, _, _ = trio
    assert hub.connection is not None
    world.outside.gateway.open.remove(hub.connection)
    a_static(world, network, "phone")
    world.container.plans.plan(list(world.outside.tables.changes.values())[-1:])
    world.deliver()

    assert len(world.outside.queue.delayed) == 1
    assert (network, hub.connection) in world.outside.tables.sockets


def test_a_socket_that_is_gone_for_long_is_forgotten(world: World, trio: Trio) -> None:
    network, hub, _, _ = trio
    assert hub.connection is not None
    world.outside.gateway.open.remove(hub.connection)
    world.outside.clock.advance(timedelta(seconds=30))

    a_static(world, network, "phone")
    world.settle()

    assert world.outside.queue.delayed == []
    assert (network, hub.connection) not in world.outside.tables.sockets


def test_a_deleted_agent_is_told_first_and_cut_off_then(world: World, trio: Trio) -> None:
    network, hub, left, _ = trio

    assert world.api("DELETE", f"/networks/{network}/peers/{left.peer_id}").status == 204
    gone = left.fetch()
    world.settle()

    assert (gone.status, gone.json["code"]) == (410, "peer_deleted")
    assert gone.json["tombstone"]["peer_id"] == left.peer_id
    assert isinstance(left.frames[-2], ConfigChanged)
    assert left.frames[-1] == ("bye", "peer_deleted")
    assert left.connection not in world.outside.gateway.open
    assert left.fetch().status == 401
    assert left.open_session().status == 410
    hub.fetch()
    assert "10.0.0.2/32" not in hub.allowed_ips


def test_a_home_that_moved_before_its_network_was_deleted_is_planned_like_any_change(world: World, trio: Trio) -> None:
    network, _, left, _ = trio
    second = world.agent(network, "jump", "second hub", endpoint="198.51.100.2")
    world.settle()
    chosen = {"preferred_jump_id": second.peer_id}
    assert world.api("PATCH", f"/networks/{network}/peers/{left.peer_id}", chosen).status == 200
    assert world.api("DELETE", f"/networks/{network}?force=true").status == 204

    world.settle()

    assert network not in world.outside.tables.networks
    assert left.open_session().status == 410


def test_a_late_heartbeat_of_a_deleted_agent_brings_nothing_back(world: World, trio: Trio) -> None:
    network, _, left, _ = trio
    world.api("DELETE", f"/networks/{network}/peers/{left.peer_id}")

    left.send({"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"})

    assert left.frames[-1] == ("bye", "peer_deleted")
    assert left.peer_id not in world.outside.tables.agents


def test_status_follows_socket_and_heartbeats(world: World, trio: Trio) -> None:
    network, _, left, _ = trio
    assert world.peers(network)["left"]["status"] == "online"

    left.close()
    assert world.peers(network)["left"]["status"] == "offline"

    left.connect()
    world.outside.clock.advance(timedelta(minutes=26))
    assert world.peers(network)["left"]["status"] == "online"
    world.outside.clock.advance(timedelta(minutes=1))
    assert world.peers(network)["left"]["status"] == "offline"


def test_a_jump_says_who_shook_hands_and_nobody_else_may(world: World, trio: Trio) -> None:
    network, hub, left, _ = trio
    phone = a_static(world, network, "phone")
    now = int(world.outside.clock.now().timestamp())
    seen = [{"peer_id": phone, "endpoint": "203.0.113.5:1234", "handshake_at": now, "rx": 1, "tx": 1}]
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}

    left.send({**beat, "observations": seen})
    assert world.peers(network)["phone"]["status"] == "pending"

    hub.send({**beat, "observations": seen})
    assert world.peers(network)["phone"]["status"] == "online"


def test_where_a_jump_saw_a_peer_and_what_the_peer_says_of_its_handshakes_is_kept(world: World, trio: Trio) -> None:
    network, hub, left, _ = trio
    now = world.outside.clock.now()
    seen = {"peer_id": left.peer_id, "endpoint": "203.0.113.5:1234", "handshake_at": int(now.timestamp())}
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}
    own = [{"peer_id": hub.peer_id, "age_s": 130}, {"peer_id": hub.peer_id, "age_s": 10}, {"peer_id": "x", "age_s": 1}]

    hub.send({**beat, "observations": [{**seen, "rx": 1, "tx": 1}]})
    left.send({**beat, "own_handshakes": {"watched_s": 600, "made": own}})

    left_id = PeerId(left.peer_id)
    presence = world.outside.presence.of([left_id])[left_id]
    sighting = world.outside.sightings.of(NetworkId(network), [left_id])[left_id]
    second = now.replace(microsecond=0)
    ages = (130, 10)
    assert sighting == Sighting(second, now, "203.0.113.5:1234")
    assert presence.own_handshakes == OwnHandshakes(
        second - timedelta(seconds=600),
        {PeerId(hub.peer_id): tuple(second - timedelta(seconds=age) for age in ages)},
    )


@pytest.mark.parametrize(("age_s", "kept"), [(86_400, 86_400), (86_401, 86_400), (2**53 - 1, 86_400)])
def test_no_age_reaches_back_further_than_a_day(world: World, trio: Trio, age_s: int, kept: int) -> None:
    _, _, left, _ = trio
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}

    left.send({**beat, "own_handshakes": {"watched_s": age_s}})

    presence = world.outside.presence.of([PeerId(left.peer_id)])[PeerId(left.peer_id)]
    since = world.outside.clock.now().replace(microsecond=0) - timedelta(seconds=kept)
    assert presence.own_handshakes == OwnHandshakes(since, {})


def test_an_agent_is_idle_once_its_home_tells_no_handshake_for_three_minutes(world: World, trio: Trio) -> None:
    network, hub, left, _ = trio
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}

    def beats(handshake_at: int | None = None) -> str:
        seen = {"peer_id": left.peer_id, "endpoint": None, "handshake_at": handshake_at, "rx": 1, "tx": 1}
        hub.send({**beat, "observations": [seen] if handshake_at else []})
        left.send(beat)
        return str(world.peers(network)["left"]["status"])

    first = beats(int(world.outside.clock.now().timestamp()))
    world.outside.clock.advance(timedelta(seconds=200))
    silent = beats()
    again = beats(int(world.outside.clock.now().timestamp()))

    assert (first, silent, again) == ("online", "idle", "online")


def test_a_jump_of_another_network_cannot_speak_of_this_one(world: World, trio: Trio) -> None:
    network, _, _, _ = trio
    phone = a_static(world, network, "phone")
    foreign = world.agent(world.network("other", "10.1.0.0/24"), "jump", "foreign hub")
    foreign.connect()
    now = int(world.outside.clock.now().timestamp())
    seen = [{"peer_id": phone, "endpoint": None, "handshake_at": now, "rx": 1, "tx": 1}]

    foreign.send(
        {
            "type": "heartbeat",
            "instance_id": "i",
            "seq": 2,
            "generation": 1,
            "revision": 1,
            "hash": "x",
            "observations": seen,
        }
    )

    assert world.peers(network)["phone"]["status"] == "pending"
