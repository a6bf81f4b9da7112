"""Ten thousand peers, a thousand sockets: no partition gets more in a second than DynamoDB lets it take."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from agent.core.heartbeats import PARTS_AT_ONCE
from chalicelib.adapters.memory.tables import AgentFacts
from chalicelib.application.agents.heartbeats import Heartbeat
from chalicelib.application.agents.key_rotation import WORDS
from chalicelib.application.push.plans import FETCHES_A_SECOND
from chalicelib.domain.change.change import What
from chalicelib.domain.change.writes import Claim
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.peer.key_rotation import ReportedKeys
from chalicelib.domain.peer.peer import EnrollmentToken, PeerRecord
from chalicelib.ports.sockets import Connection
from chalicelib.wire.frames import MOST_OBSERVATIONS, ConfigChanged
from tests.builders import a_dynamic, a_key
from tests.partitions import READ_UNITS, WRITE_UNITS, Partitions
from tests.world import SimulatedAgent, World

PEERS, SOCKETS = 10_000, 1_000
SECOND = timedelta(seconds=1)
LIFE = timedelta(hours=1)


@dataclass
class Crowd:
    """A network of two jumps and PEERS dynamic peers that have all applied all; SOCKETS are connected."""

    world: World
    network: NetworkId
    hub: SimulatedAgent
    agents: list[Agent]
    start: Revision
    partitions: Partitions

    def later(self, by: timedelta = SECOND) -> None:
        self.world.outside.clock.advance(by)

    def change(self) -> Revision:
        """Something that concerns everyone."""
        answer = self.world.api("PATCH", f"/networks/{self.network}", {"dns": ["192.0.2.53"]})
        self.later()
        return Revision(answer.json["revision"])

    def connected(self) -> list[Agent]:
        return self.agents[: SOCKETS - 1]

    def spans_ms(self) -> set[int]:
        """Within how long agents were told to fetch."""
        frames = self.world.outside.gateway.sent.values()
        return {frame.within_ms for sent in frames for frame in sent if isinstance(frame, ConfigChanged)}

    def apply(self, agents: list[Agent], revision: Revision) -> None:
        for agent in agents:
            assert self.world.container.rollouts.applied(agent, revision, "h")

    def follow(self, agents: list[Agent], revision: Revision) -> None:
        """Fetch what is new, and say that it is in force."""
        for agent in agents:
            assert self.world.container.bundles.newer(agent, self.start) is not None
        self.apply(agents, revision)
        self.world.settle()

    def progress(self, revision: Revision) -> tuple[int, int]:
        [change] = self.world.api("GET", f"/networks/{self.network}/changes?limit=1").json["items"]
        assert change["revision"] == revision
        return change["applied"]["applied"], change["applied"]["agents"]


@pytest.fixture
def crowd() -> Crowd:
    world = World()
    network = NetworkId(world.network(cidr="10.0.0.0/16"))
    hub = world.agent(network, "jump", "hub")
    world.agent(network, "jump", "spare", endpoint="198.51.100.2")
    tables, now = world.outside.tables, world.outside.clock.now()
    stored = tables.networks[network]
    agents, enrolled = [], EnrollmentToken(Secret("0" * 64), now, "device")
    for number in range(10, 10 + PEERS):
        peer_id = PeerId(f"dyn_{number:026d}")
        key = a_key(peer_id)
        peer = replace(a_dynamic(number), id=peer_id, network_id=network, public_key=key, epoch=1)
        tables.peers[network, peer_id] = PeerRecord(peer, enrolled)
        for claim in (Claim(network, "label", peer.label, peer_id), Claim(network, "key", key, peer_id)):
            tables.claims[network, claim.kind, claim.value] = peer_id
        tables.allocations[network, number] = (peer_id, Allocation(number))
        tables.agents[peer_id] = AgentFacts(stored.revision, None, enrolled.admission)
        agents.append(Agent(network, peer_id, enrolled.admission))
    for agent in agents[: SOCKETS - 1]:
        connection = ConnectionId(f"c-{agent.peer_id}")
        tables.agents[agent.peer_id].connection_id = connection
        tables.sockets[network, connection] = Connection(network, agent.peer_id, connection, now, now + LIFE)
        world.outside.gateway.open.add(connection)
    tables.networks[network] = replace(stored, peers=PEERS + 2, next_index=10 + PEERS)
    world.settle()
    hub.connect()
    crowd = Crowd(world, network, hub, agents, stored.revision, Partitions(world.outside))
    crowd.apply(agents, stored.revision)
    world.settle()
    crowd.later()
    crowd.partitions.taken.clear()
    world.outside.gateway.sent.clear()
    return crowd


def within_limits(crowd: Crowd) -> None:
    reads, writes = crowd.partitions.busiest("read"), crowd.partitions.busiest("write")
    assert max(reads.values()) < READ_UNITS, reads
    assert max(writes.values()) < WRITE_UNITS, writes


def test_a_change_that_concerns_everyone(crowd: Crowd) -> None:
    revision = crowd.change()
    crowd.world.settle()
    assert crowd.spans_ms() == {0}  # all of them fetch, and report, in the second in which they are told
    crowd.follow(crowd.connected(), revision)

    within_limits(crowd)
    assert crowd.partitions.busiest("read")["networks"] >= len(crowd.connected())
    assert crowd.progress(revision) == (len(crowd.connected()), PEERS + 2)


def test_a_report_of_every_agent(crowd: Crowd) -> None:
    """All ten thousand in one second: ten times what spread hints let them."""
    revision = crowd.change()
    crowd.world.settle()
    crowd.later()

    crowd.apply(crowd.agents, revision)
    crowd.world.settle()

    within_limits(crowd)
    assert crowd.progress(revision) == (PEERS, PEERS + 2)


def test_a_jump_that_saw_every_peer(crowd: Crowd) -> None:
    """As it tells of them: a few frames, each as full as it may be, then a second's pause."""
    now = crowd.world.outside.clock.now()
    seen = [(agent.peer_id, now, "203.0.113.5:51820") for agent in crowd.agents]
    hub_id = PeerId(crowd.hub.peer_id)
    hub = Agent(crowd.network, hub_id, crowd.world.outside.tables.agents[hub_id].admission or "")
    frames = [seen[at : at + MOST_OBSERVATIONS] for at in range(0, len(seen), MOST_OBSERVATIONS)]

    for number, told in enumerate(frames):
        if number % PARTS_AT_ONCE == 0:
            crowd.later()
        beat = Heartbeat("i", number, Revision(0), "", None, told)
        crowd.world.container.heartbeats.record(hub, beat)
    crowd.world.settle()

    within_limits(crowd)
    assert len(crowd.world.outside.tables.sightings) == PEERS


def test_preshared_keys_that_are_renewed(crowd: Crowd) -> None:
    world = crowd.world
    world.api("POST", f"/networks/{crowd.network}/rotate-psk")
    before = len(world.outside.tables.changes)
    for number, agent in enumerate(crowd.agents):
        if number % (FETCHES_A_SECOND // 2) == 0:  # they say so within 20 s
            crowd.later()
        key = world.outside.tables.peers[crowd.network, agent.peer_id].peer.public_key
        world.container.rotations.report(agent, ReportedKeys(str(key), None, 2))
    world.hold()
    renamed = world.api("PATCH", f"/networks/{crowd.network}", {"name": "renamed"})

    held = [change for change in world.outside.tables.changes.values() if change.what is What.PSK_HELD]
    assert len(held) == len(world.outside.tables.changes) - before - 1 == -(-PEERS // WORDS) <= 200
    assert {world.outside.tables.peers[crowd.network, agent.peer_id].peer.epoch for agent in crowd.agents} == {2}
    assert renamed.status == 200
    busiest = crowd.partitions.busiest("write")
    assert 2 * max(busiest.values()) < WRITE_UNITS, busiest  # two consumers take words at once


def test_ten_thousand_sockets_are_told_to_take_ten_seconds(crowd: Crowd) -> None:
    tables, now = crowd.world.outside.tables, crowd.world.outside.clock.now()
    for agent in crowd.agents[SOCKETS - 1 :]:
        connection = ConnectionId(f"c-{agent.peer_id}")
        tables.sockets[crowd.network, connection] = Connection(
            crowd.network, agent.peer_id, connection, now, now + LIFE
        )
        crowd.world.outside.gateway.open.add(connection)

    revision = crowd.change()
    crowd.world.settle()
    for second in range(2):
        crowd.follow(crowd.agents[second * FETCHES_A_SECOND :][:FETCHES_A_SECOND], revision)
        crowd.later()

    assert crowd.spans_ms() == {1_000 * (PEERS + 1) // FETCHES_A_SECOND}
    within_limits(crowd)
    assert crowd.progress(revision) == (2 * FETCHES_A_SECOND, PEERS + 2)
