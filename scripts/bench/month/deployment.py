"""One network with a jump, and agents that enrolled in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.adapters.control_plane.rest import RestControlPlane, RestEnroller
from agent.identity.keys import device_public_key, new_device_key, new_wireguard_key, wireguard_public_key
from agent.identity.trust import Keyring, Trust
from chalicelib.adapters.queues.messages import failover_task_text
from chalicelib.bootstrap.container import Container, install
from chalicelib.domain.identity.principal import Role
from chalicelib.entrypoints import queues
from chalicelib.settings import Settings
from chalicelib.wire.agent import EnrollRequest
from chalicelib.wire.peers import Host
from infra.stack.tables import create_tables
from scripts.bench.month.counted import Counted, Tally
from scripts.bench.month.in_process import InProcess
from scripts.cost_estimate import FRAME_MS

HOST = Host(hostname="h", os="Debian", agent_version="0")


@dataclass
class Deployment:
    """One network with a jump, and what every function call on it adds up to."""

    container: Container
    outside: Counted
    network_id: str
    jump: "Enrolled"

    @property
    def tally(self) -> Tally:
        return self.outside.tally

    def called(self, function: Callable[[dict[str, Any]], object], event: dict[str, Any]) -> Any:
        """A function that is not REST's; with what the stream and the queue call in consequence."""
        self.tally.add(invocations=1, ms=FRAME_MS)
        answer = function(event)
        facts, self.outside.noted.facts = self.outside.noted.facts, []
        if facts:
            self.tally.add(invocations=1, ms=FRAME_MS)
            self.container.announcements.announce(facts)
        return answer

    def run_failover_tasks(self) -> None:
        now, waiting = self.outside.clock.now(), self.outside.waiting.waiting
        due = [task for at, task in waiting if at <= now]
        waiting[:] = [(at, task) for at, task in waiting if at > now]
        for task in due:
            record = {"messageId": "1", "body": failover_task_text(task)}
            assert self.called(queues.failover, {"Records": [record]}) == {"batchItemFailures": []}


@dataclass(frozen=True)
class Enrolled:
    """An agent's own: its calls, and who it is."""

    calls: RestControlPlane
    http: InProcess
    peer_id: str


def deployment(settings: Settings) -> Deployment:
    create_tables(settings)
    outside = Counted(settings)
    container = Container(settings, outside)
    install(container)
    operator = container.api_tokens.create_for_deployment("bench", Role.ADMINISTRATOR).text()
    http = InProcess("http://wirety.test", tally=outside.tally)
    network = http.operate("/networks", operator, {"name": "lab", "cidr": "10.0.0.0/24"})["id"]
    jump = enrolled(http, operator, network, {"kind": "jump", "name": "hub", "endpoint": "198.51.100.1"})
    return Deployment(container, outside, network, jump)


def enrolled(http: InProcess, operator: str, network: str, peer: dict[str, object]) -> Enrolled:
    created = http.operate(f"/networks/{network}/peers", operator, peer)
    device = new_device_key()
    request = EnrollRequest(
        token=created["enrollment_token"],
        public_key=wireguard_public_key(new_wireguard_key()),
        device_key=device_public_key(device),
        host=HOST,
    )
    known = RestEnroller(http).enroll(request)
    trust = Trust(Keyring(pinned=known.signing_key, current=known.signing_key), lambda _: None)
    return Enrolled(RestControlPlane(http, known.network_id, known.peer_id, device, trust), http, known.peer_id)
