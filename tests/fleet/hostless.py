"""What an agent of the fleet has under it: calls into the world in memory, a disk, and no host."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import urllib3

from agent.adapters.control_plane.http import Answer
from agent.adapters.control_plane.rest import Http
from agent.bundle.received import Fetched, Received, applied_to, subject_of, whole
from agent.core import events as ev
from agent.errors import Outage
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.trust import Keyring, Trust
from agent.ports import ControlPlane, Store
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
from agent.run.worker import Worker
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.peers import Host
from tests.fleet.weather import Weather
from tests.world import World

HOST = Host(hostname="h", os="linux", agent_version="0")
MADE = ApplyResult(is_changed=False)
ANYTHING = WantedTunnel(  # the same for all bundles, so that none is on trial
    listen_port=None, mtu=1420, addresses=frozenset(), sections={}, routes=frozenset(), is_forwarding=False
)


class WorldHttp(Http):
    """Calls of the REST function in the place of an origin."""

    def __init__(self, world: World, weather: Weather) -> None:
        super().__init__("http://world")
        self._world, self._weather = world, weather

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        if self._weather.breaks():
            raise Outage("nobody is there")
        asked = "&".join(f"{name}={value}" for name, value in (query or {}).items())
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        answer = self._world.api(
            method,
            f"/agent{path}?{asked}",
            token=token,
            raw="" if body is None else body.decode(),
            headers={"accept-encoding": "gzip, deflate", **sent},
        )
        if self._weather.breaks():
            raise Outage("the answer was lost")
        return Answer(answer.status, urllib3.HTTPHeaderDict(answer.headers), answer.text.encode())


@dataclass
class Disk:
    """What survives a restart: the bundle as it was received, and the keys that may sign."""

    lines: list[Received] = field(default_factory=list)
    keyring: Keyring | None = None

    def save_bundle(self, chain: Sequence[Received]) -> None:
        self.lines = [*chain]

    def add_delta(self, received: Received) -> None:
        self.lines = [*self.lines, received]

    def save_trial(self, chain: Sequence[Received], refused: str | None = None) -> None: ...

    def forget_trial(self) -> None: ...

    def save_learned(self, learned: Mapping[str, str]) -> None: ...

    def save_tombstone(self, tombstone: Tombstone) -> None: ...

    def save_keyring(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def bundle(self, trust: Trust, network_id: str, peer_id: str) -> Fetched | None:
        fetched: Fetched | None = None
        for line in self.lines:
            trust.check_kept(subject_of(line, network_id, peer_id), line.body.encode(), line.signature)
            fetched = whole(line) if fetched is None else applied_to(fetched, line)
        return fetched


class NoTunnel:
    def apply(self, wanted: object) -> ApplyResult:
        return MADE

    def plan(self, wanted: object) -> PlannedChanges:
        return PlannedChanges()

    def remove(self) -> Sequence[str]:
        return ()


class Online:
    def has_default_route(self) -> bool:
        return True

    def ways(self) -> None:
        return None


class NoGuard:
    def arm(self) -> None: ...

    def feed(self) -> None: ...

    def disarm(self) -> None: ...


class NoNames:
    def apply(self, zone: object) -> None: ...


def hostless(plane: ControlPlane, store: Store, emit: Callable[[ev.Event], None]) -> Worker:
    """A worker without a host under it: whatever a bundle wants, it wants `ANYTHING`."""
    host = host_jobs(NoTunnel(), NoNames(), store, Online(), NoGuard(), parse=lambda bundle, own_key: ANYTHING)
    return Worker(ControlPlaneJobs(plane, host.in_force), host, emit)
