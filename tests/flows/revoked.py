"""A machine whose peer is taken from it, and all that it may still say."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib.adapters.queues.messages import message_of
from chalicelib.application.push.plans import by_network
from chalicelib.domain.errors import Refusal, Unauthenticated
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.entrypoints import queues
from tests.builders import ADMINISTRATOR
from tests.world import SimulatedAgent, World

ENDS = ("reissue", "delete", "leave")
LOOKS = 60  # of the stream for news, at most
ROUNDS = 20


class Denied(Exception):
    """The authorizer let it not in."""


@dataclass
class Site:
    """A jump whose access ends, and a peer that it could speak of."""

    world: World
    network: NetworkId
    hub: SimulatedAgent
    peer: SimulatedAgent
    sessions: list[str] = field(default_factory=list)
    sockets: list[SimulatedAgent] = field(default_factory=list)
    fresh: str | None = None

    def end(self, how: str) -> None:
        """Commit the end of the jump's access, and nothing that follows."""
        container, hub = self.world.container, PeerId(self.hub.peer_id)
        match how:
            case "reissue":
                issued, _ = container.credentials.reissue_token(self.network, hub, ADMINISTRATOR)
                self.fresh = issued.token.text()
            case "delete":
                container.peers.delete(self.network, hub, ADMINISTRATOR, is_forced=True)
            case _:
                agent = container.connections.authorize(self.hub.session)[1].agent
                container.enrollment.leave(agent, self.hub.device_key, void_files=True)

    def machine(self) -> SimulatedAgent:
        """The jump's machine once more, with its keys and its session."""
        again = SimulatedAgent(self.world, "again")
        again.device, again.device_key, again.public_key = self.hub.device, self.hub.device_key, self.hub.public_key
        again.peer_id, again.network_id, again.session = self.hub.peer_id, self.hub.network_id, self.hub.session
        return again

    def comes_again(self, session: str | None, *, is_silent: bool = False) -> None:
        """Open a session, or use the one at hand; then a socket, and speak, or only listen."""
        machine = self.machine()
        if session is None:
            machine.session = self.world.container.enrollment.open_session(machine.assertion()).token.text()
            self.sessions.append(machine.session)
        try:
            machine.authorize()
        except AssertionError:
            raise Denied from None
        self.sockets.append(machine)
        machine.open()
        if not is_silent:
            speak(machine, 1)
            speak(machine, 2, self.peer)

    def plan(self) -> int:
        """Plan what was committed since; answers how much that was."""
        changes = list(self.world.outside.tables.changes.values())[self.world._planned :]
        self.world._planned += len(changes)
        for own in by_network(changes).values():
            self.world.container.plans.plan(own)
        return len(changes)

    def deliver(self, each: timedelta = timedelta(seconds=2)) -> None:
        """Deliver what waits, and what is to be told again, some rounds; what fails is received again."""
        queue = self.world.outside.queue
        for _ in range(ROUNDS):
            messages, queue.messages, queue.delayed = [*queue.messages, *queue.delayed], [], []
            self.world.outside.clock.advance(each)
            for push in messages:
                answer = queues.deliver({"Records": [{"messageId": "1", "body": message_of(push)}]})
                queue.messages += [push] * len(answer["batchItemFailures"])


def speak(machine: SimulatedAgent, seq: int, of: SimulatedAgent | None = None) -> None:
    if seq == 1:
        machine.send({"type": "hello", "instance_id": "i", "generation": 1, "revision": 0, "hash": ""})
        return
    seen = [] if of is None else [{"peer_id": of.peer_id, "endpoint": "6.6.6.6:6", "handshake_at": 9 + seq}]
    beat = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
    machine.send({**beat, "observations": [{**one, "rx": 0, "tx": 0} for one in seen]})


def a_site() -> Site:
    world = World()
    network = NetworkId(world.network())
    world.agent(network, "jump", "other", endpoint="198.51.100.2")
    hub, peer = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "peer")
    for agent in (hub, peer):
        agent.connect()
    world.settle()
    return Site(world, network, hub, peer, [hub.session], [hub])


def require_over(site: Site) -> None:
    """Nothing that the old machine holds is taken any more, and nothing it says counts."""
    world = site.world
    assert [one.connection for one in site.sockets if one.connection in world.outside.gateway.open] == []
    for session in site.sessions:
        assert world.api("GET", "/agent/bundle", token=session).status == 401
        with pytest.raises(Unauthenticated):
            world.container.connections.authorize(session)
    with pytest.raises(Refusal):
        world.container.enrollment.open_session(site.machine().assertion())
    tables = world.outside.tables
    before = copy.deepcopy((tables.agents, tables.sightings, tables.facts, tables.marks))
    for machine in site.sockets:
        speak(machine, 1)
        speak(machine, 99, site.peer)
        machine.send({"type": "probe_reply"})
        machine.send({"type": "applied", "generation": 1, "revision": 2, "hash": "h", "ok": True, "ms": 1})
    assert (tables.agents, tables.sightings, tables.facts, tables.marks) == before


def in_stretches(luck: random.Random) -> Callable[[int], int]:
    """Who is next: often the same again, so that much may happen while another waits in the middle of something."""
    chosen, left = 0, 0

    def next_of(waiting: int) -> int:
        nonlocal chosen, left
        if left == 0:
            chosen, left = luck.randrange(waiting), luck.choice((1, 1, 2, 5, 20))
        left -= 1
        return chosen % waiting

    return next_of
