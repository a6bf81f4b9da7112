"""What jumps say of others: whose word counts, and what is left of it."""

from datetime import timedelta
from typing import Any

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.failover import DeadJumpReport, ResetRequest
from chalicelib.domain.peer.presence import FactKind
from chalicelib.wire.frames import MOST_OBSERVATIONS
from tests.world import SimulatedAgent, World

HANDSHAKE_AT = 1_767_225_600


def observation(peer_id: str, endpoint: str = "203.0.113.5:1", at: int = HANDSHAKE_AT) -> dict[str, Any]:
    return {"peer_id": peer_id, "endpoint": endpoint, "handshake_at": at, "rx": 0, "tx": 0}


def beat(agent: SimulatedAgent, *observations: dict[str, Any], seq: int = 5, **said: object) -> None:
    frame = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
    agent.send({**frame, "observations": list(observations), **said})


def awoken(world: World) -> set[str]:
    return {fact.peer_id for fact in world.outside.tables.facts if fact.kind is FactKind.HANDSHAKE}


def mark(world: World, agent: SimulatedAgent, what: str) -> None:
    assert world.api("POST", f"/networks/{agent.network_id}/peers/{agent.peer_id}/{what}").status == 200


def test_a_blocked_jumps_observations_leave_no_trace_until_it_is_unblocked() -> None:
    world = World()
    network = world.network()
    hub, laptop = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "laptop")
    hub.connect()
    mark(world, hub, "block")

    beat(hub, observation(laptop.peer_id))
    assert (awoken(world), world.outside.tables.sightings) == (set(), {})

    mark(world, hub, "unblock")
    beat(hub, observation(laptop.peer_id), seq=6)
    assert awoken(world) == {laptop.peer_id}


def test_a_blocked_agents_words_against_jumps_are_not_heard() -> None:
    world = World()
    network = world.network()
    hub, laptop = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "laptop")
    laptop.connect()
    words: dict[str, Any] = {"unreachable": [hub.peer_id], "reset": hub.peer_id}

    def heard() -> list[type]:
        failover_tasks = [task for _, task in world.outside.failover_tasks.waiting]
        return [type(one) for one in failover_tasks if isinstance(one, DeadJumpReport | ResetRequest)]

    mark(world, laptop, "block")
    beat(laptop, **words)
    assert heard() == []

    mark(world, laptop, "unblock")
    beat(laptop, seq=6, **words)
    assert heard() == [DeadJumpReport, ResetRequest]


def test_a_blocked_agent_still_says_what_it_applied_and_that_it_lives() -> None:
    world = World()
    network = world.network()
    world.agent(network, "jump", "hub")
    laptop = world.agent(network, "dynamic", "laptop")
    laptop.connect()
    mark(world, laptop, "block")
    world.outside.clock.advance(timedelta(minutes=1))

    beat(laptop, revision=3, hash="three")

    facts = world.outside.tables.agents[PeerId(laptop.peer_id)]
    assert facts.last_seen == world.outside.clock.now()
    assert facts.applied is not None
    assert facts.applied.hash == "three"


def test_an_agent_that_enrols_again_while_it_is_blocked_stays_unheard() -> None:
    world = World()
    network = world.network()
    hub, laptop = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "laptop")
    mark(world, hub, "block")
    again = world.api("POST", f"/networks/{network}/peers/{hub.peer_id}/enrollment-token").json
    assert hub.enroll(again["enrollment_token"]).status == 200
    hub.connect()

    beat(hub, observation(laptop.peer_id))

    assert world.outside.tables.sightings == {}


def test_an_agent_that_was_blocked_before_it_enrolled_is_unheard() -> None:
    world = World()
    network = world.network()
    laptop = world.agent(network, "dynamic", "laptop")
    body = {"kind": "jump", "name": "hub", "endpoint": "198.51.100.1"}
    created = world.api("POST", f"/networks/{network}/peers", body).json
    hub = SimulatedAgent(world, "hub")
    hub.network_id, hub.peer_id = network, created["peer"]["id"]
    mark(world, hub, "block")
    assert hub.enroll(created["enrollment_token"]).status == 200
    hub.connect()

    beat(hub, observation(laptop.peer_id))

    assert world.outside.tables.sightings == {}


def test_ids_that_are_not_of_the_network_leave_no_trace() -> None:
    world = World()
    network, other = world.network(), world.network("other", "10.1.0.0/24")
    hub, stranger = world.agent(network, "jump", "hub"), world.agent(other, "dynamic", "stranger")
    laptop = world.agent(network, "dynamic", "laptop")
    hub.connect()
    never = [observation(f"dyn_{number:026d}") for number in range(150)]

    beat(hub, *never, observation(stranger.peer_id), observation(laptop.peer_id))

    assert set(world.outside.tables.sightings) == {(PeerId(laptop.peer_id), NetworkId(network))}
    assert awoken(world) == {laptop.peer_id}


def test_a_jump_does_not_see_itself() -> None:
    world = World()
    hub = world.agent(world.network(), "jump", "hub")
    hub.connect()

    beat(hub, observation(hub.peer_id))

    assert world.outside.tables.sightings == {}


def test_what_was_seen_of_a_peer_goes_with_it_and_does_not_come_back() -> None:
    world = World()
    network = world.network()
    hub, laptop = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "laptop")
    hub.connect()
    beat(hub, observation(laptop.peer_id))
    assert world.outside.tables.sightings

    assert world.api("DELETE", f"/networks/{network}/peers/{laptop.peer_id}").status == 204
    beat(hub, observation(laptop.peer_id, at=HANDSHAKE_AT + 600), seq=6)

    assert world.outside.tables.sightings == {}


def test_nothing_is_left_of_a_network_that_was_removed_and_of_others_all() -> None:
    world = World()
    gone, kept = world.network("gone", "10.1.0.0/24"), world.network("kept", "10.2.0.0/24")
    for network in (gone, kept):
        hub, laptop = world.agent(network, "jump", f"hub-{network}"), world.agent(network, "dynamic", "laptop")
        hub.connect()
        beat(hub, observation(laptop.peer_id))
        world.settle()
    assert world.api("DELETE", f"/networks/{gone}/peers/{laptop_of(world, gone)}").status == 204
    before = rows(world, kept)

    assert world.api("DELETE", f"/networks/{gone}?force=true").status == 204
    world.settle()

    assert rows(world, gone) == {"tombstones": 2}  # of agents that may still ask
    assert rows(world, kept) == before
    assert world.api("POST", "/networks", {"name": "next", "cidr": "10.1.0.0/24"}).status == 201


def test_a_network_without_peers_leaves_nothing_either() -> None:
    world = World()
    network = world.network()
    peer = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "x"}).json["peer"]["id"]
    assert world.api("DELETE", f"/networks/{network}/peers/{peer}").status == 204
    world.settle()
    assert {"allocations", "changes"} <= rows(world, network).keys()

    assert world.api("DELETE", f"/networks/{network}").status == 204
    world.settle()

    assert rows(world, network) == {"tombstones": 1}


def laptop_of(world: World, network: str) -> str:
    return str(world.peers(network)["laptop"]["id"])


def rows(world: World, network: str) -> dict[str, int]:
    """How many each table has of a network, none left out."""
    tables = world.outside.tables
    own = {
        name: sum(network in (key if isinstance(key, tuple) else (key,)) for key in getattr(tables, name))
        for name in ("networks", "acls", "peers", "tombstones", "claims", "allocations", "changes", "sightings")
    }
    own |= {name: sum(key[0] == network for key in getattr(tables, name)) for name in ("expected", "marks")}
    return {name: count for name, count in own.items() if count}


def test_no_call_brings_more_observations_than_a_frame_holds() -> None:
    world = World()
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    hub.connect()
    frame = {"instance_id": "i", "seq": 5, "generation": 1, "revision": 0, "hash": ""}

    def answered(number: int) -> int:
        body = {**frame, "type": "heartbeat", "observations": [observation(hub.peer_id)] * number}
        return world.api("POST", "/agent/heartbeat", body, token=hub.session).status

    assert (answered(MOST_OBSERVATIONS), answered(MOST_OBSERVATIONS + 1)) == (200, 422)
