"""The deployed template, and agents without hosts: many changes, sockets cut, and what all of them end with."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from agent.adapters.control_plane.rest import Http, RestControlPlane, RestEnroller
from agent.adapters.control_plane.socket import WebSocketPush
from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.state_dir import StateDir
from agent.core.events import Event, Observed, Started, StopRequested
from agent.core.lifecycle import EXIT_PEER_DELETED
from agent.core.state import State
from agent.core.step import initial
from agent.errors import Outage
from agent.host.tunnel.liveness import Target
from agent.identity.trust import Trust
from agent.run.enrolling import Enrolling
from agent.run.loop import Runtime
from agent.settings import socket_url
from chalicelib.wire.peers import Host
from infra.stack.local_stack import LocalStack
from tests.fleet.hostless import HOST, hostless
from tests.fleet.operator import ACTS, Operator
from tests.rest_function import Answer
from tests.stack import client

pytestmark = pytest.mark.stack

CHANGES = 30
SEED = 6
PATIENTLY = Retrying(retry=retry_if_exception_type(Outage), stop=stop_after_attempt(10), reraise=True)
END_WITHIN_S = 300  # of patience, no measure: a loaded machine takes its time


class _Host:
    def host(self) -> Host:
        return HOST


@dataclass
class _Watch:
    """There is nothing to see, at any time."""

    queue: SimpleQueue[Event]

    def observe(self, every_s: float) -> None:
        self.queue.put(Observed(host=HOST, seen=(), at_s=time.monotonic()))


class _NoTunnels:
    def watch(self, targets: Sequence[Target]) -> None: ...


class StackAgent:
    """Enrolled in a state directory of its own; its threads, calls and socket are real."""

    def __init__(self, stack: LocalStack, root: Path, token: str) -> None:
        self._stack = stack
        store = StateDir(root)
        enrolling = Enrolling(RestEnroller(Http(stack.origin)), store, _Host())
        self.enrollment = PATIENTLY(enrolling.enroll, stack.origin, token)  # the same token, should an answer be lost
        self._directory: EnrollmentDir = store.chosen(self.enrollment.network_id)
        self.start()

    def start(self) -> None:
        enrollment, queue = self.enrollment, SimpleQueue[Event]()
        trust = Trust(self._directory.keyring(enrollment), self._directory.save_keyring)
        saved = self._directory.bundle(enrollment, trust)
        plane = RestControlPlane(
            Http(self._stack.origin), enrollment.network_id, enrollment.peer_id, enrollment.keys.device_key, trust
        )
        self.push = WebSocketPush(socket_url(self._stack.origin), plane.bearer, queue.put)
        worker = hostless(plane, self._directory, queue.put)
        state = initial(enrollment.network_id, enrollment.peer_id, f"{time.monotonic()}")
        self.runtime = Runtime(state, worker.put, self.push, _Watch(queue), _NoTunnels(), queue, show=_nobody_looks)
        self.queue = queue
        worker.start()
        self.thread = Thread(target=self._run, daemon=True)
        self.exit_code: int | None = None
        queue.put(Started(saved=saved))
        self.thread.start()

    def _run(self) -> None:
        self.exit_code = self.runtime.run()

    def cut(self) -> None:
        """The socket breaks under it."""
        for connection in list(self.push._open.values()):
            connection.abort()  # type: ignore[no-untyped-call]

    def restart(self) -> None:
        self.stop()
        if self.exit_code != EXIT_PEER_DELETED:
            self.start()

    def stop(self) -> None:
        self.queue.put(StopRequested())
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()

    @property
    def hash(self) -> str:
        """Of the bundle in force."""
        return self.runtime.state.following.applied_hash


def _nobody_looks(state: State) -> None: ...


def test_after_dozens_of_changes_and_cut_sockets_every_agent_runs_what_a_full_fetch_gives(
    stack: LocalStack, tmp_path: Path
) -> None:
    chance, administrator = random.Random(SEED), client.Operator(stack)
    network = administrator.network()
    operator = Operator(_calls(administrator), network)
    agents: list[StackAgent] = []

    def enrol() -> None:
        while operator.tokens:
            peer_id, token = operator.tokens.popitem()
            for before in [known for known in agents if known.enrollment.peer_id == peer_id]:
                before.stop()
                agents.remove(before)
            agents.append(StackAgent(stack, tmp_path / f"{len(list(tmp_path.iterdir()))}", token))

    operator.create_jump(0, 1)
    operator.create_dynamic(0, 1)
    operator.create_dynamic(1, 1)
    enrol()
    for _ in range(CHANGES):
        chance.choice(ACTS)(operator, chance.randrange(40), chance.randrange(40))
        enrol()
        if chance.random() < 0.3:
            chance.choice(agents).cut()
        if chance.random() < 0.1:
            chance.choice(agents).restart()

    end = time.monotonic() + END_WITHIN_S
    while (failures := _failures(administrator, agents)) and time.monotonic() < end:
        time.sleep(2)
    for agent in agents:
        agent.stop()
    assert failures == []


def _calls(administrator: client.Operator) -> Callable[[str, str, object], Answer]:
    def call(method: str, path: str, body: object = None) -> Answer:
        answer = administrator.call(method, path, body)
        return Answer(answer.status_code, dict(answer.headers), answer.text)

    return call


def _failures(administrator: client.Operator, agents: list[StackAgent]) -> list[str]:
    """How agents differ from what a bundle fetched anew and whole says, or from their peers' end."""
    return [failure for agent in agents if (failure := _failure(administrator, agent)) is not None]


def _failure(administrator: client.Operator, agent: StackAgent) -> str | None:
    enrollment = agent.enrollment
    path = f"/networks/{enrollment.network_id}/peers/{enrollment.peer_id}"
    if administrator.call("GET", path).status_code == 404:
        return None if agent.exit_code == EXIT_PEER_DELETED else f"{enrollment.peer_id} was deleted and lives"
    trust = Trust(agent._directory.keyring(enrollment), lambda keyring: None)
    plane = RestControlPlane(
        Http(enrollment.server), enrollment.network_id, enrollment.peer_id, enrollment.keys.device_key, trust
    )
    PATIENTLY(plane.open_session)
    fresh = PATIENTLY(plane.whole, None)
    said = administrator.call("GET", f"{path}/session").json()["applied"]
    if fresh is None or agent.hash != fresh.hash:
        return f"{enrollment.peer_id} runs something else"
    return None if said is not None and said["hash"] == fresh.hash else f"{enrollment.peer_id} said {said}"
