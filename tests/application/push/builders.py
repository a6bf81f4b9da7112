"""Agents that say what they applied, and what became of a change."""

from datetime import timedelta
from typing import Any

from chalicelib.wire.browser_frames import PeerStatus
from tests.browser import SimulatedBrowser
from tests.builders import a_key
from tests.world import SimulatedAgent, World

MS = timedelta(milliseconds=1)
BROWSERS = 2  # those of this network, those that see all


def report(agent: SimulatedAgent, **fields: object) -> None:
    """Fetch what is new, and say that it is in force."""
    agent.fetch()
    said = {"generation": 1, "revision": agent.revision, "hash": "h", "ok": True, "ms": 1}
    agent.send({"type": "applied", **said, **fields})


def phone(world: World, network: str, name: str = "phone") -> int:
    """A change that concerns the jumps; answers its revision."""
    body = {"kind": "static", "name": name, "public_key": a_key(name)}
    made = world.api("POST", f"/networks/{network}/peers", body).json["peer"]
    world.settle()
    return int(made["revision"])


def progress(world: World, network: str, revision: int) -> Any:
    """How far a change is, once what agents said is counted."""
    world.settle()
    return shown(world, network, revision)


def shown(world: World, network: str, revision: int) -> Any:
    items = world.api("GET", f"/networks/{network}/changes?limit=200").json["items"]
    [change] = [item for item in items if item["revision"] == revision]
    return change["applied"]


def missing(world: World, network: str, revision: int) -> list[str]:
    return list(world.api("GET", f"/networks/{network}/changes/{revision}/missing").json["peer_ids"])


def checked(world: World) -> None:
    """A minute has passed for the changes so far."""
    checks, world.outside.queue.checks = world.outside.queue.checks, []
    for check in checks:
        assert world.container.rollouts.check(check) >= 0


def facts(browser: SimulatedBrowser) -> list[tuple[str, str, str | None]]:
    told = [frame for frame in browser.frames if isinstance(frame, PeerStatus)]
    return [(fact.peer_id, fact.fact, fact.status) for frame in told for fact in frame.peers]
