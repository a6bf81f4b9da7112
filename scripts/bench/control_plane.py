"""Use cases of the control plane over DynamoDB StoresAlone, in networks of growing size: growth is what shows."""

import os
import statistics
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.application.agents.snapshots import Difference
from chalicelib.application.peers.new_peer import NewPeer
from chalicelib.bootstrap.container import Container, calm_collector
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.peer.patch import PeerPatch
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.tunnel.sections import hosts_at
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.settings import settings_from
from chalicelib.wire.codec import encode
from chalicelib.wire.delta import difference
from infra.stack.dynamodb_local import dynamodb_local
from infra.stack.tables import create_tables, environment
from scripts.bench import pace
from scripts.bench.figures import Bar, Figure, Group, SameEverywhere, Say
from scripts.bench.meter import Meter, Taken
from scripts.bench.population import ENROLLED, OPERATOR, Populated, populate
from scripts.bench.stores import StoresAlone

SIZES = (10, 100, 1_000, 5_000)
ROUNDS = 15
WARM_UP = 2  # rounds that are not counted: connections open, code is compiled
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
SUCCESSOR = "c3VjY2Vzc29yIG9mIHRoZSBzaWduaW5nIGtleQ=="

BARS = (
    SameEverywhere("create_peer_requests"),
    Bar("create_peer_growth", 1.5),
    Bar("bundle_regular_ms", 20, is_paced=True),
    Bar("bundle_jump_ms", 250, is_paced=True),
    Bar("delta_jump_ms", 5, is_paced=True),
    Bar("delta_jump_bytes", 2_000),
    SameEverywhere("change_audience_requests"),
)


@dataclass(frozen=True, slots=True)
class Lab:
    """One network, and what is done in it."""

    container: Container
    outside: StoresAlone
    meter: Meter
    network: Populated

    def create(self) -> Taken:
        new = NewPeer(name=f"new {uuid.uuid4().hex[:12]}", kind=Kind.DYNAMIC)
        return self.meter.taken(lambda: self.container.creation.create(self.network.network_id, new, OPERATOR))

    def fetch(self, peer_id: PeerId) -> Taken:
        """The whole bundle, to the bytes of the answer; nothing is left in memory of the last time."""
        hosts_at.cache_clear()
        agent = Agent(self.network.network_id, peer_id, ENROLLED.admission)
        return self.meter.taken(lambda: encode(shown(self.container.bundles.whole(agent), 1, SUCCESSOR)))

    def rename(self) -> tuple[Taken, Taken, int]:
        """Rename a regular peer: what its plan takes; what the jump's fetch takes then, and its size in bytes."""
        network = self.network
        since = self.outside.networks.get(network.network_id).revision
        name = PeerPatch(name=f"renamed {uuid.uuid4().hex[:12]}")
        self.container.peers.update(network.network_id, network.regular, name, OPERATOR)
        [change] = self.outside.changes.between(network.network_id, since)
        planned = self.meter.taken(lambda: self.container.plans.plan([change]))
        bodies: list[bytes] = []
        fetched = self.meter.taken(
            lambda: bodies.append(self._newer(Agent(network.network_id, network.jump, ENROLLED.admission), since))
        )
        return planned, fetched, len(bodies[0])

    def _newer(self, agent: Agent, since: Revision) -> bytes:
        found = self.container.bundles.newer(agent, since)
        assert isinstance(found, Difference)
        return encode(difference(shown(found.before, 1, SUCCESSOR), shown(found.after, 1, SUCCESSOR)))


Key = tuple[str, str, int]
"""A figure's name, unit and size."""


def measure(say: Say) -> list[Figure]:
    say("starting DynamoDB StoresAlone")
    with dynamodb_local() as url:
        return measured_on(url, say, SIZES, ROUNDS)


def measured_on(url: str, say: Say, sizes: Sequence[int], rounds: int) -> list[Figure]:
    """Medians of rounds; every round does everything once in every network, so that a slow minute is everybody's."""
    os.environ.update(CREDENTIALS)
    settings = settings_from({**environment(f"bench-{uuid.uuid4().hex}"), "AWS_ENDPOINT_URL": url})
    create_tables(settings)
    outside = StoresAlone(settings)
    container, meter = Container(settings, outside), Meter()
    labs = [Lab(container, outside, meter, _populated(outside, size, say)) for size in sizes]
    calm_collector()
    seen: dict[Key, list[float]] = defaultdict(list)
    for number in range(-WARM_UP, rounds):
        say("warming up" if number < 0 else f"round {number + 1} of {rounds}")
        for key, value in _round(labs):
            if number >= 0:
                seen[key].append(value)
    figures = [
        Figure(name, round(statistics.median(values), 2), unit, n) for (name, unit, n), values in sorted(seen.items())
    ]
    return [*figures, _growth("create_peer", figures)]


def _populated(outside: StoresAlone, size: int, say: Say) -> Populated:
    say(f"filling a network of {size} peers")
    return populate(outside, size)


def _round(labs: Sequence[Lab]) -> Iterator[tuple[Key, float]]:
    yield ("baseline_ms", "ms", len(pace.CIDRS)), pace.baseline_ms()
    for lab in labs:
        n = lab.network.size
        created = lab.create()
        yield ("create_peer_requests", "requests", n), created.requests
        yield ("create_peer_ms", "ms", n), created.ms
        yield ("bundle_regular_ms", "ms", n), lab.fetch(lab.network.regular).own_cpu_ms
        hub = lab.fetch(lab.network.jump)
        yield ("bundle_jump_ms", "ms", n), hub.own_cpu_ms
        yield ("bundle_jump_read_ms", "ms", n), hub.ms
        planned, fetched, size_bytes = lab.rename()
        yield ("change_audience_requests", "requests", n), planned.requests
        yield ("delta_jump_ms", "ms", n), fetched.own_cpu_ms
        yield ("delta_jump_read_ms", "ms", n), fetched.ms
        yield ("delta_jump_bytes", "bytes", n), size_bytes


def _growth(name: str, figures: Sequence[Figure]) -> Figure:
    """The time at the largest size over the time at the smallest."""
    times = sorted((figure.n, figure.value) for figure in figures if figure.name == f"{name}_ms")
    return Figure(f"{name}_growth", round(times[-1][1] / times[0][1], 2), "times", times[-1][0])


GROUP = Group("use cases over DynamoDB StoresAlone, as networks grow", measure, BARS)
