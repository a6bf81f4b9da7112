"""A network, its agents and all that lies between them; every method is one thing that may happen.

Stream records, queue messages and frames wait until somebody moves them, loses them, or moves them twice.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.push.deliveries import without_stale
from chalicelib.application.push.plans import by_network
from chalicelib.domain.change.change import Change
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.absence import AbsenceCheck
from chalicelib.domain.peer.failover import DeadJumpReport
from chalicelib.domain.peer.presence import HEARTBEAT_REGULAR
from chalicelib.entrypoints import queues, streams
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.wire.codec import content_hash, content_of, encode
from tests.builders import a_key
from tests.fleet.agent import FleetAgent
from tests.fleet.ledger import GENERATION, Ledger
from tests.fleet.operator import Operator
from tests.fleet.weather import Weather
from tests.world import World

TWO_HEARTBEATS = 2 * HEARTBEAT_REGULAR  # with the waits of coming back
TWO_FULL_FETCHES = timedelta(minutes=140)


READS: Mapping[str, Sequence[str]] = {
    "sessions": ("get",),
    "progress": ("of",),
    "networks": ("get", "acl"),
    "peers": ("get", "many", "all", "keyed", "jumps", "statics", "routers", "tombstone"),
    "changes": ("between",),
    "signing_keys": ("get",),
}


class Reads:
    """Before one of those of a bundle, something happens once."""

    def __init__(self, outside: MemoryOutside) -> None:
        self._left, self._happening = 0, list[Callable[[], None]]()
        for name, methods in READS.items():
            store = getattr(outside, name)
            for method in methods:
                setattr(store, method, self._interrupted(getattr(store, method)))

    def arm(self, after: int, happening: Callable[[], None]) -> None:
        self._left, self._happening = after, [happening]

    def disarm(self) -> None:
        self._happening.clear()

    def _interrupted(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def reading(*args: Any, **named: Any) -> Any:
            if self._happening:
                self._left -= 1
                if self._left < 0:
                    self._happening.pop()()
            return read(*args, **named)

        return reading


class Fleet:
    """Two jumps, a dynamic and a static peer, all in step; from then on the weather is bad."""

    def __init__(self) -> None:
        self.world = World()
        self.reads = Reads(self.world.outside)
        self.weather = Weather(random.Random(0))
        self.ledger = Ledger(self.world)
        self.network = self.world.network()
        self.operator = Operator(self.world.api, self.network)
        self.agents: list[FleetAgent] = []
        self.pending: list[Change] = []
        self.planned: list[Change] = []
        self.has_lost_records = False
        self._seen = 0
        self.operator.create_jump(0, 1)
        self.operator.create_jump(1, 1)
        self.operator.create_dynamic(1, 1)
        self.operator.create_static(2, 3)
        for _ in range(3):
            self.enrol(0)
        for _ in range(3):
            self.flow()
        self.weather.storm()

    def turn(self, luck: int) -> None:
        """Fortune is dealt anew."""
        self.weather.random.seed(luck)
        self.world.outside.tables.adversary = Adversary(luck, conflicts=0.1, gaps=0.3)

    def notice(self) -> None:
        """The stream has the changes that were committed since."""
        changes = self.world.outside.tables.stream
        self.pending += changes[self._seen :]
        self._seen = len(changes)

    def enrol(self, at: int) -> None:
        """An agent comes with one of the tokens that were given out: on a new machine, or where another ran."""
        if not self.operator.tokens:
            return
        peer_id = sorted(self.operator.tokens)[at % len(self.operator.tokens)]
        token = self.operator.tokens.pop(peer_id)
        agent = FleetAgent(self.world, self.weather, a_key(f"{peer_id} {len(self.agents)}"))
        if agent.enroll(token):
            before = [known for known in self.agents if known.peer_id == peer_id and known.exit_code is None]
            if before and at % 2:
                before[-1].crash()
                agent.disk.lines = before[-1].disk.lines
            self.agents.append(agent)
            agent.start()
        self.notice()

    def plan(self, at: int) -> None:
        """One of the records that wait, not always the oldest."""
        if self.pending:
            change = self.pending.pop(at % len(self.pending))
            self.world.container.plans.plan([change])
            self.planned.append(change)

    def plan_together(self, at: int) -> None:
        """Several that wait, as one batch."""
        self.weather.random.shuffle(self.pending)
        batch, self.pending = self.pending[: 2 + at % 5], self.pending[2 + at % 5 :]
        for own in by_network(batch).values():
            self.world.container.plans.plan(own)
        self.planned += batch

    def plan_again(self, at: int) -> None:
        if self.planned:
            self.world.container.plans.plan([self.planned[-1 - at % len(self.planned)]])

    def fail_plan(self, at: int) -> None:
        """A record that cannot be read, however often it is tried."""
        if self.pending:
            change = self.pending.pop(at % len(self.pending))
            keys = {"network_id": {"S": change.network_id}, "item": {"S": f"{change.revision:012d}"}}
            record = {"dynamodb": {"SequenceNumber": "1", "Keys": keys, "NewImage": {"poison": {"BOOL": True}}}}
            assert streams.plan({"Records": [record]}) == {"batchItemFailures": []}

    def lose_record(self, at: int) -> None:
        """Nobody ever learns of it, and nothing says so."""
        if self.pending:
            self.pending.pop(at % len(self.pending))
            self.has_lost_records = True

    def deliver(self, most: int) -> None:
        """Some messages together, in any order."""
        queue = self.world.outside.queue
        waiting, queue.messages, queue.delayed = [*queue.messages, *queue.delayed], [], []
        self.weather.random.shuffle(waiting)
        queue.messages = waiting[most:]
        for push in without_stale(waiting[:most]):
            self.world.container.deliveries.deliver(push)

    def deliver_and_keep(self, most: int) -> None:
        """The queue gives them again later."""
        kept = list(self.world.outside.queue.messages)
        self.deliver(most)
        self.world.outside.queue.messages += kept

    def lose_messages(self, most: int) -> None:
        self.world.outside.queue.messages = self.world.outside.queue.messages[most:]

    def accuse(self, at: int) -> None:
        """An agent finds the tunnel of a jump dead."""
        jumps = sorted({known.peer_id for known in self.agents if known.peer_id.startswith("jmp_")})
        accused = PeerId(jumps[at % len(jumps)])
        dead_jump_report = DeadJumpReport(NetworkId(self.network), PeerId(self.agent(at // 4).peer_id), (accused,))
        self.world.container.failover.run(dead_jump_report)
        self.notice()

    def run_failover_tasks(self, most: int) -> None:
        """Some that wait, due or not; what they lead to may wait for ever."""
        failover_tasks = self.world.outside.failover_tasks
        self.weather.random.shuffle(failover_tasks.waiting)
        running, failover_tasks.waiting = failover_tasks.waiting[:most], failover_tasks.waiting[most:]
        for _, task in running:
            if isinstance(task, AbsenceCheck):
                self.world.container.absences.look(task)
            else:
                self.world.container.failover.run(task)
        self.notice()

    def agent(self, at: int) -> FleetAgent:
        return self.agents[at % len(self.agents)]

    def interrupt(self, agent: FleetAgent, after: int, happening: Callable[[], None]) -> None:
        """While the agent's bundle is read, something else is committed."""
        agent.work_up_to_fetch()
        self.reads.arm(after, happening)
        agent.work()
        self.reads.disarm()
        self.notice()

    def flow(self) -> None:
        """Whatever waits moves on once."""
        self.notice()
        while self.pending:
            self.plan(0)
        self.deliver(len(self.world.outside.queue.messages))
        for agent in self.agents:
            agent.stir()

    def pass_time(self, duration: timedelta) -> None:
        """Timers fire, and agents do what they have to."""
        clock = self.world.outside.clock
        end = clock.now() + duration
        for agent in self.agents:
            agent.stir()
        while clock.now() < end:
            due = [agent for agent in self.agents if agent.due_s is not None]
            first = min(due, key=lambda agent: agent.due_s or 0.0, default=None)
            wait = timedelta(0) if first is None else timedelta(seconds=max((first.due_s or 0.0) - first.now_s, 1e-3))
            if first is None or clock.now() + wait > end:
                clock.advance(max(end - clock.now(), timedelta(0)))
                break
            clock.advance(wait)
            first.fire()
            first.stir()
        self.notice()

    def clear_up(self, loses_pushes: bool) -> None:
        """Traffic is let through again, and what was held back arrives: all but lost pushes."""
        self.turn(0)
        self.weather.calm()
        self.world.outside.tables.adversary = Adversary()
        for agent in self.agents:
            if not self._is_of_its_peer(agent):
                agent.crash()
        self._plan_all()
        if loses_pushes:
            self.world.outside.queue.messages, self.world.outside.queue.delayed = [], []
        self.deliver(1000)
        self.pass_time(TWO_FULL_FETCHES if self.has_lost_records else TWO_HEARTBEATS)

    def failures(self) -> list[str]:
        """How agents differ from what they should be."""
        return [failure for agent in self.agents for failure in self._failures_of(agent)]

    def torn(self) -> list[str]:
        """Bundles that were taken and are none of their revision, whichever way they came."""
        found = []
        for agent in self.agents:
            for fetched in agent.taken:
                revision = fetched.version.revision
                if fetched.content != self.ledger.content(self.network, agent.peer_id, revision):
                    found.append(f"{agent.peer_id} took a bundle that is none of revision {revision}")
            agent.taken.clear()
        return found

    def _plan_all(self) -> None:
        outside = self.world.outside
        self.notice()
        while self.pending or outside.removals.started:
            while self.pending:
                self.plan(self.weather.random.randrange(len(self.pending)))
            bodies = [f'{{"network_id": "{network}"}}' for network in outside.removals.started]
            outside.removals.started = []
            queues.remove({"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]})
            self.notice()

    def _failures_of(self, agent: FleetAgent) -> list[str]:
        tables, key = self.world.outside.tables, (NetworkId(self.network), PeerId(agent.peer_id))
        if not self._is_of_its_peer(agent):
            return []
        if key in tables.tombstones:
            return [] if agent.exit_code == 3 else [f"{agent.peer_id} was deleted and lives"]
        fresh = shown(
            self.world.container.bundles.tunnels.of(*key),
            GENERATION,
            self.world.container.signing.keys().successor.public,
        )
        wanted = content_hash(content_of(encode(fresh)))
        applied = tables.agents[key[1]].applied
        found = []
        if agent.running is None or agent.running.hash != wanted:
            version = None if agent.running is None else agent.running.version
            found.append(f"{agent.peer_id} runs {version}, and {fresh.revision} is something else")
        if applied is None or applied.hash != wanted:
            found.append(f"{agent.peer_id} said {applied}, and {fresh.revision} is something else")
        return found

    def _is_of_its_peer(self, agent: FleetAgent) -> bool:
        """Whether the peer has not moved to another machine."""
        tables, key = self.world.outside.tables, (NetworkId(self.network), PeerId(agent.peer_id))
        known = tables.peers.get(key) or tables.tombstones.get(key)
        return known is not None and known.device_key == agent.device_key
