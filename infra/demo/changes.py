"""Change things through the API and time each until the last concerned agent's WireGuard has it."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.demo.agent import Tunnel
from infra.demo.fleet import Fleet, a_public_key
from infra.demo.waiting import NotInTime

ROUNDS = 5  # each makes four changes, two of which concern all agents
ARRIVE_S = 20.0
POLL_S = 0.003
# Between two changes, so that they spread over the probe and fall on no agent's period.
PAUSE_S = (0.25, 0.75)

Look = Callable[[Tunnel], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `ms`: from before the request until the `last` concerned agent has it.

    `at`: when the request was sent.
    """

    what: str
    agents: int
    ms: float
    request_ms: float
    last: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """`seen`: by which an agent's WireGuard shows the change, for each agent concerned."""

    what: str
    do: Callable[[], object]
    seen: dict[str, Look]


class Changes:
    """Use as a context manager: it keeps a connection to every agent's WireGuard."""

    def __init__(self, fleet: Fleet, say: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._say = say
        self._stack = ExitStack()
        self._tunnels: dict[str, Tunnel] = {}

    def __enter__(self) -> "Changes":
        for name, agent in self._fleet.agents.items():
            self._tunnels[name] = self._stack.enter_context(closing(agent.tunnel()))
        self._pool = self._stack.enter_context(ThreadPoolExecutor(len(self._tunnels)))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, rounds: int = ROUNDS) -> list[Change]:
        """Make the changes one after the other; by default twenty.

        Raises:
            NotInTime: one did not arrive; says where.
        """
        done = []
        for planned in itertools.chain.from_iterable(map(self._round, range(rounds))):
            done.append(self.measure(planned))
            self._say(f"{done[-1].what}: {done[-1].ms:.0f} ms")
            time.sleep(random.uniform(*PAUSE_S))
        return done

    def measure(self, planned: Planned) -> Change:
        at, start = datetime.now(UTC), time.monotonic()
        waiting = {
            name: self._pool.submit(_wait, self._tunnels[name], look, start + ARRIVE_S)
            for name, look in planned.seen.items()
        }
        planned.do()
        answered = time.monotonic()
        arrived = {name: _arrival(planned, name, future) for name, future in waiting.items()}
        last = max(arrived, key=lambda name: arrived[name])
        return Change(
            what=planned.what,
            agents=len(arrived),
            ms=round((arrived[last] - start) * 1000, 1),
            request_ms=round((answered - start) * 1000, 1),
            last=last,
            at=at,
        )

    def _round(self, number: int) -> Iterator[Planned]:
        fleet, created = self._fleet, {}
        router, phone = f"router-{number}", f"phone-{number}"
        prefix, router_key, phone_key = fleet.prefix(number), a_public_key(), a_public_key()

        def create(name: str, key: str, behind: list[str]) -> None:
            created[name] = fleet.create_static(name, behind, key)

        yield Planned(
            f"create {router} with {prefix} behind it",
            lambda: create(router, router_key, [prefix]),
            {name: _has_prefix(prefix) for name in fleet.agents},
        )
        yield Planned(f"create {phone}", lambda: create(phone, phone_key, []), {fleet.jump.name: _has_peer(phone_key)})
        yield Planned(
            f"delete {router}",
            lambda: fleet.delete(created[router]),
            {name: _lacks_prefix(prefix) for name in fleet.agents},
        )
        yield Planned(
            f"delete {phone}", lambda: fleet.delete(created[phone]), {fleet.jump.name: _lacks_peer(phone_key)}
        )


def _has_prefix(prefix: str) -> Look:
    return lambda tunnel: prefix in tunnel.routes()


def _lacks_prefix(prefix: str) -> Look:
    return lambda tunnel: prefix not in tunnel.routes()


def _has_peer(public_key: str) -> Look:
    return lambda tunnel: public_key in tunnel.peers()


def _lacks_peer(public_key: str) -> Look:
    return lambda tunnel: public_key not in tunnel.peers()


def _wait(tunnel: Tunnel, look: Look, end: float) -> float | None:
    """When the change was first seen, or None."""
    while time.monotonic() < end:
        if look(tunnel):
            return time.monotonic()
        time.sleep(POLL_S)
    return None


def _arrival(planned: Planned, name: str, future: "Future[float | None]") -> float:
    arrived = future.result()
    if arrived is None:
        raise NotInTime(f"{planned.what}: not in {name}'s WireGuard within {ARRIVE_S:g} s")
    return arrived
