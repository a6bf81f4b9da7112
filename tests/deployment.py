"""The control plane over memory: its functions are called as Lambda calls them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.adapters.queues.messages import failover_task_text, held_text, message_of
from chalicelib.application.agents.key_rotation import WORDS
from chalicelib.bootstrap import container as bootstrap
from chalicelib.bootstrap.container import Container
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Claims, User, user_id
from chalicelib.domain.identity.writes import PutUser
from chalicelib.domain.ids import NetworkId
from chalicelib.entrypoints import queues, streams
from chalicelib.settings import settings_from
from tests.records import account_record, change_record, fact_record
from tests.rest_function import BY_THE_ORIGIN, Answer, call

ENVIRONMENT = {
    **{
        f"{what}_PER_MINUTE": "1000000" for what in ("WRITES", "ENROLLMENTS", "SESSIONS", "REFUSALS")
    },  # the clock stands
    "ORIGIN_SECRETS": "origin,former",
    "CONSOLE_URL": "https://wirety.example.net",
    "OIDC_ISSUER": "https://idp.example.com",
}
FACTS = 100  # of a batch of the stream


@dataclass
class MemoryDeployment:
    """One deployment in memory. Nothing moves by itself: `settle` runs stream and queue. `source`: the address
    that callers of the API have."""

    adversary: Adversary = field(default_factory=Adversary)
    source: str = "203.0.113.9"

    def __post_init__(self) -> None:
        self.outside = self.made_outside()
        self.container = Container(settings_from(ENVIRONMENT), self.outside)
        bootstrap.install(self.container)
        self.token = self.container.api_tokens.create_for_deployment("test", Role.ADMINISTRATOR).text()
        self._planned = self._announced = self._revoked = 0

    def made_outside(self) -> MemoryOutside:
        return MemoryOutside(self.adversary)

    def api(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        raw: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call the REST function as API Gateway does."""
        sent = raw if raw is not None else ("" if body is None else json.dumps(body))
        said = {
            "authorization": f"Bearer {token or self.token}",
            "content-type": "application/json",
            **BY_THE_ORIGIN,
            "cloudfront-viewer-address": f"{self.source}:4711",
            **(headers or {}),
        }
        return call(method, path, sent, said)

    def person(self, name: str, role: Role | None) -> str:
        """A token by which the identity provider vouches for somebody with this role."""
        groups = frozenset() if role is None else frozenset({f"wirety-{role}"})
        token = f"header.{name}.signature"
        ends = self.outside.clock.now() + timedelta(hours=1)
        self.outside.identities.known[token] = Claims("https://idp.example.com", name, None, name, groups, ends)
        return token

    def granted(self, name: str, role: Role, *networks: str) -> str:
        """The token of a person who was given a role here, and only these networks."""
        token = self.person(name, None)
        claims = self.outside.identities.known[token]
        self.outside.identities.known[token] = replace(claims, groups=None)
        person = User(user_id(claims.issuer, name), claims.issuer, name, None, name, self.outside.clock.now(), role)
        granted = replace(person, networks=frozenset(map(NetworkId, networks)))
        self.outside.transactions.commit(Commit(None, (PutUser(granted),)))
        return token

    def network(self, name: str = "lab", cidr: str = "10.0.0.0/24") -> str:
        return str(self.api("POST", "/networks", {"name": name, "cidr": cidr}).json["id"])

    def settle(self, lose: Callable[[Change], bool] = lambda _: False) -> None:
        """Take agents' words and plan what was not planned yet, a network's together; deliver until nothing waits."""
        self.hold()
        changes = self.outside.tables.stream[self._planned :]
        self._planned += len(changes)
        left = self.adversary.deliveries([change for change in changes if not lose(change)])
        assert streams.plan({"Records": list(map(change_record, left))}) == {"batchItemFailures": []}
        self.revoke()
        facts = list(self.outside.tables.facts)[self._announced :]
        self._announced += len(facts)
        for at in range(0, len(facts), FACTS):
            batch = self.adversary.deliveries(facts[at : at + FACTS])
            assert streams.announce({"Records": list(map(fact_record, batch))}) == {"batchItemFailures": []}
        self.deliver()
        self.outside.queue.messages, self.outside.queue.delayed = self.outside.queue.delayed, []
        self.deliver()
        removals, self.outside.removals.started = self.outside.removals.started, []
        if removals:
            bodies = [{"messageId": network, "body": json.dumps({"network_id": network})} for network in removals]
            queues.remove({"Records": bodies})
            self.settle()

    def hold(self) -> None:
        """Take what agents said of preshared keys, by batches as Lambda hands them over."""
        words, self.outside.held.waiting = self.adversary.deliveries(self.outside.held.waiting), []
        for at in range(0, len(words), WORDS):
            bodies = [{"messageId": str(n), "body": held_text(word)} for n, word in enumerate(words[at : at + WORDS])]
            assert queues.hold({"Records": bodies}) == {"batchItemFailures": []}

    def revoke(self) -> None:
        """Have the sockets ended that accounts held which were changed since."""
        written = self.outside.tables.account_stream[self._revoked :]
        self._revoked += len(written)
        left = self.adversary.deliveries([account_record(*pair) for pair in written])
        assert streams.revoke({"Records": left}) == {"batchItemFailures": []}

    def deliver(self) -> None:
        messages, self.outside.queue.messages = self.outside.queue.messages, []
        bodies = [{"messageId": str(n), "body": message_of(push)} for n, push in enumerate(messages)]
        assert queues.deliver({"Records": self.adversary.deliveries(bodies)}) == {"batchItemFailures": []}

    def live(self, duration: timedelta = timedelta(0)) -> None:
        """Let time pass, running the failover tasks that fall due in it, in order, each with what follows."""
        clock, waiting = self.outside.clock, self.outside.failover_tasks.waiting
        end = clock.now() + duration
        while due := sorted((at for at, _ in waiting if at <= end)):
            clock.advance(max(due[0] - clock.now(), timedelta(0)))
            now = [task for at, task in waiting if at <= clock.now()]
            waiting[:] = [(at, task) for at, task in waiting if at > clock.now()]
            bodies = [{"messageId": str(n), "body": failover_task_text(one)} for n, one in enumerate(now)]
            assert queues.failover({"Records": self.adversary.deliveries(bodies)}) == {"batchItemFailures": []}
            self.settle()
        clock.advance(max(end - clock.now(), timedelta(0)))

    def peers(self, network: str) -> dict[str, Any]:
        return {peer["name"]: peer for peer in self.api("GET", f"/networks/{network}/peers?limit=200").json["items"]}
