"""What the use cases of agents cost in requests that leave for DynamoDB."""

from dataclasses import replace

import pytest

from chalicelib.application.agents.signing import KEPT
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.peer.absence import GONE_AFTER, AbsenceCheck
from chalicelib.domain.peer.failover import RECONNECTS_WITHIN
from tests.application.lab import APPLIED, AUTH, BROWSERS, LIMIT, Lab, store_peers
from tests.builders import a_key, a_static
from tests.world import SimulatedAgent


def test_a_bundle_of_a_regular_peer(lab: Lab) -> None:
    cost = lab.counted("GET", "/agent/bundle", token=lab.left.session)

    assert cost == {"read": AUTH + 4}  # network, peer, jumps, network again


def test_a_bundle_that_is_not_newer(lab: Lab) -> None:
    cost = lab.world.counted(lab.left.fetch)

    assert cost == {"read": AUTH + 1}  # wanted


def test_a_heartbeat_is_one_update(lab: Lab) -> None:
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}
    lab.left.send(APPLIED)

    own = {"watched_s": 600, "made": [{"peer_id": lab.hub.peer_id, "age_s": age} for age in range(0, 600, 120)]}
    assert lab.world.counted(lambda: lab.left.send(beat)) == {"write": 1}
    assert lab.world.counted(lambda: lab.left.send({**beat, "own_handshakes": own})) == {"write": 1}
    assert lab.world.counted(lambda: lab.left.send({**beat, "revision": 4})) == {"write": 3}  # a report was lost


@pytest.mark.parametrize(("seen", "reads", "writes"), [(1, 1, 1), (25, 1, 1), (26, 1, 2), (180, 2, 8)])
def test_what_a_jump_sees_is_read_by_the_hundred_and_written_by_twenty_five(
    lab: Lab, seen: int, reads: int, writes: int
) -> None:
    network = NetworkId(lab.path.split("/")[2])
    peers = [replace(a_static(number), network_id=network) for number in range(3_000, 3_000 + seen)]
    store_peers(peers)

    def told(seq: int, at: int) -> dict[str, int]:
        observed = [
            {"peer_id": peer.id, "endpoint": "203.0.113.5:1", "handshake_at": at, "rx": 0, "tx": 0} for peer in peers
        ]
        beat = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
        return lab.world.counted(lambda: lab.hub.send({**beat, "observations": observed}))

    first, again, awoken = told(2, 1_000), told(3, 1_000), told(4, 2_000)

    assert first == {"read": 2 * reads, "write": 1 + 2 * writes}  # what was seen, whose they are; and that they awoke
    assert again == {"read": reads, "write": 1}
    assert told(5, 2_120) == {"read": reads, "write": 1 + writes}
    assert awoken == {"read": reads, "write": 1 + 2 * writes}


def test_a_dead_home_costs_the_same_at_any_size(lab: Lab) -> None:
    network = lab.path.split("/")[2]
    spare = lab.world.agent(network, "jump", "spare", endpoint="198.51.100.2")
    spare.connect()
    lab.world.settle()
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 0, "hash": ""}
    waiting = lab.world.outside.failover_tasks.waiting

    lab.left.send({**beat, "unreachable": [lab.hub.peer_id]})
    # network; network, peer and jumps for the move; who accuses
    assert lab.world.counted(lambda: run(lab)) == {"read": 4, "write": 1, "transaction": 1}
    assert lab.world.counted(lab.world.settle)["read"] == 1 + 1 + 3 + BROWSERS  # network, jumps, sockets
    waiting[:] = [(at, task) for at, task in waiting if not getattr(task, "is_once", False)]
    lab.hub.close()
    lab.world.outside.clock.advance(RECONNECTS_WITHIN)
    lab.left.send({**beat, "seq": 3, "unreachable": [lab.hub.peer_id]})
    # network; network and jumps for the mark; who accuses, when it fell
    assert lab.world.counted(lambda: run(lab)) == {"read": 3, "write": 2, "transaction": 1}
    kinds = sorted({type(task).__name__ for _, task in waiting})
    assert kinds == ["ReturnCheck", "SilenceCheck"]


def run(lab: Lab) -> None:
    """Run the failover tasks that are due now, and nothing of what follows."""
    failover_tasks = lab.world.outside.failover_tasks
    now = lab.world.outside.clock.now()
    due = [task for at, task in failover_tasks.waiting if at <= now]
    failover_tasks.waiting[:] = [(at, task) for at, task in failover_tasks.waiting if at > now]
    for task in due:
        assert not isinstance(task, AbsenceCheck)
        lab.world.container.failover.run(task)


def test_enrol_open_a_session_and_a_socket(lab: Lab) -> None:
    def come() -> None:
        lab.world.agent(lab.path.split("/")[2], "dynamic", "new").connect()

    # create 3 + 1; enrol 2 + 1; session 1 + 1, each counted; authorize 1; open 1 + 1 and greet 2 writes
    assert lab.world.counted(come) == {"read": 8, "transaction": 3, "write": 3 + 3 * LIMIT}


def test_a_machine_joins_by_a_key(lab: Lab) -> None:
    network, joining = lab.path.split("/")[2], SimulatedAgent(lab.world, "new")
    keys = f"/networks/{network}/join-keys"
    text = lab.world.api("POST", keys, {"name": "runners", "ephemeral": True}).json["secret"]
    lab.world.api("POST", keys, {"name": "others"})

    # its key and what it became by it; network, allocations; the calls of its address
    assert lab.world.counted(lambda: joining.join(text)) == {"read": 3, "write": 1, "transaction": 1}
    assert lab.world.counted(lambda: joining.join(text)) == {"read": 2, "write": 1}  # the answer was lost
    namesake = SimulatedAgent(lab.world, "another")
    assert lab.world.counted(lambda: namesake.join(text)) == {
        "read": 6,
        "write": 1,
        "transaction": 2,
    }  # the name is another's
    assert [type(task).__name__ for _, task in lab.world.outside.failover_tasks.waiting][-2:] == ["AbsenceCheck"] * 2


def test_an_ephemeral_peer_from_its_socket_to_its_end(lab: Lab) -> None:
    network, agent = lab.path.split("/")[2], SimulatedAgent(lab.world, "new")
    keys = f"/networks/{network}/join-keys"
    made = lab.world.api("POST", keys, {"name": "runners", "ephemeral": True}).json
    agent.join(made["secret"])
    agent.connect()
    waiting = lab.world.outside.failover_tasks.waiting
    del waiting[:-1]
    [(_, check)] = waiting
    assert isinstance(check, AbsenceCheck)

    def look() -> None:
        lab.world.container.absences.look(check)

    assert lab.world.counted(look) == {"read": 1}  # when it was heard last
    assert lab.world.counted(agent.close) == {"write": 3}  # as of any other
    assert len(waiting) == 3
    lab.world.outside.clock.advance(GONE_AFTER)
    assert lab.world.counted(look) == {"read": 4, "transaction": 1}  # that; network, peer, and that again
    assert lab.world.counted(look) == {"read": 1}


def test_an_agent_leaves(lab: Lab) -> None:
    def leaves(agent: SimulatedAgent, **fields: object) -> dict[str, int]:
        body = {"device_key": agent.device_key, **fields}
        return lab.counted("POST", "/agent/leave", body, agent.session)

    assert leaves(lab.left) == {"read": AUTH + 2, "transaction": 1}  # network, peer
    assert leaves(lab.left) == {"read": AUTH + 2}  # the answer was lost
    assert leaves(lab.hub) == {"read": AUTH + 3}  # refused: files of static peers name its key
    assert leaves(lab.hub, void_files=True) == {"read": AUTH + 2, "transaction": 1}


def test_an_agents_socket_from_authorizer_to_close(lab: Lab) -> None:
    world, left = lab.world, lab.left
    hello = {"type": "hello", "instance_id": "i", "generation": 1, "revision": left.revision, "hash": ""}

    assert world.counted(left.authorize) == {"read": 1}
    assert world.counted(left.open) == {"read": 1, "write": 1}  # the session again; socket
    assert world.counted(lambda: left.send(hello)) == {"write": 2}  # presence, fact
    assert world.counted(left.close) == {"write": 3}  # socket, presence, fact


def test_who_was_revoked_costs_one_read_more_than_a_heartbeat(lab: Lab) -> None:
    world, left = lab.world, lab.left
    world.api("POST", f"{lab.path}/{left.peer_id}/enrollment-token")
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}

    assert world.counted(lambda: left.send(beat)) == {"write": 1, "read": 1}  # refused by the update; why
    assert lab.counted("GET", "/agent/bundle", token=left.session) == {"read": AUTH + 2}  # network, peer
    # sockets asked for twice, sessions; the session
    assert world.counted(world.settle) == {"read": 1 + BROWSERS + 1 + 1, "write": 1}


def test_a_bundle_of_a_jump(lab: Lab) -> None:
    lab.hub.bundle = None

    # network twice, peer, all peers: a page is 1 MB
    assert lab.world.counted(lab.hub.fetch) == {"read": AUTH + 4}
    assert lab.world.counted(lab.hub.fetch_whole) == {"read": AUTH + 4}
    lab.world.outside.clock.advance(KEPT)
    assert lab.world.counted(lab.hub.fetch) == {"read": AUTH + 1}  # wanted


def test_what_changed_since_the_last_bundle_of_a_jump(lab: Lab) -> None:
    """Jumps and changes, never the peers: the same in a network of any size."""
    lab.world.api("POST", lab.path, {"kind": "static", "name": "phone", "public_key": a_key("phone")})
    lab.world.settle()

    # wanted, network, peer, jumps, changes
    assert lab.world.counted(lab.hub.fetch) == {"read": AUTH + 5}


def test_a_key_that_rotates(lab: Lab) -> None:
    demanded = lab.counted("POST", f"{lab.path}/{lab.left.peer_id}/rotate-key")

    said = {"public_key": lab.left.public_key, "next_key": a_key("next")}
    announced = lab.counted("POST", "/agent/keys", said, lab.left.session)
    asked_again = lab.counted("POST", "/agent/keys", said, lab.left.session)
    used = lab.counted("POST", "/agent/keys", {"public_key": a_key("next")}, lab.left.session)
    renewed = lab.counted("POST", f"{lab.path.removesuffix('/peers')}/rotate-psk")
    held = lab.counted("POST", "/agent/keys", {"public_key": a_key("next"), "psk_epoch": 2}, lab.left.session)
    taken = lab.world.counted(lab.world.hold)

    assert demanded == {"read": AUTH + 2 + 3, "transaction": 1}  # network, peer; jumps, presence, sightings
    assert announced == {"read": AUTH + 2 + 2, "transaction": 1}  # network, peer; jumps, presence
    assert asked_again == {"read": AUTH + 2 + 2}
    assert used == {"read": AUTH + 2, "transaction": 1}
    assert held == {"read": AUTH + 2}
    assert taken == {"read": 2, "transaction": 1}  # network, peers
    assert renewed == {"read": AUTH + 1, "transaction": 1}
