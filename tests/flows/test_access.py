"""Nobody acts later than a minute after losing the right to: whatever is granted, taken back, and opened between."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.identity.user import Claims, user_id
from chalicelib.wire.browser_frames import NetworkChanged
from tests.browser import SimulatedBrowser
from tests.world import World

ISSUER = "https://idp.example.com"
PEOPLE = ("ana", "ben")
GROUPS: tuple[frozenset[str], ...] = (frozenset(), frozenset({"wirety-operator"}), frozenset({"wirety-auditor"}))
AT_ONCE = 0.5  # share of steps after which streams and queues run
LONGEST = timedelta(seconds=60)

Step = tuple[str, str, Any]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("group"), st.sampled_from(PEOPLE), st.sampled_from(GROUPS)),
        st.tuples(st.just("role"), st.sampled_from(PEOPLE), st.sampled_from([None, "operator", "auditor", "member"])),
        st.tuples(st.just("networks"), st.sampled_from(PEOPLE), st.sampled_from([None, 0, 1])),
        st.tuples(st.just("suspend"), st.sampled_from(PEOPLE), st.booleans()),
        st.tuples(st.just("remove"), st.sampled_from(PEOPLE), st.none()),
        st.tuples(st.just("default"), st.just(""), st.sampled_from([None, "auditor", "operator"])),
        st.tuples(st.just("ticket"), st.sampled_from(PEOPLE), st.booleans()),
        st.tuples(st.just("open"), st.sampled_from(PEOPLE), st.booleans()),
        st.tuples(st.just("token"), st.sampled_from(PEOPLE), st.none()),
        st.tuples(st.just("revoke"), st.sampled_from(PEOPLE), st.none()),
        st.tuples(st.just("wait"), st.just(""), st.integers(0, 40)),
    ),
    max_size=30,
)


@dataclass
class Deployment:
    """Two networks, and operators who do what they can. `tickets`: taken, and not used yet. `tokens`: secret and id of
    each API token."""

    world: World
    networks: list[str] = field(default_factory=list)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    tickets: dict[str, list[SimulatedBrowser]] = field(default_factory=lambda: {name: [] for name in PEOPLE})
    sockets: dict[str, list[SimulatedBrowser]] = field(default_factory=lambda: {name: [] for name in PEOPLE})
    tokens: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {name: [] for name in PEOPLE})
    signed: int = 0

    def __post_init__(self) -> None:
        self.networks = [self.world.network(f"n{n}", f"10.{n}.0.0/24") for n in range(2)]
        for name in PEOPLE:  # each with a socket of their own, one of a token's, and a ticket
            for kind, value in (("group", GROUPS[1]), ("token", None), ("ticket", True), ("ticket", False)):
                self.do((kind, name, value))
            self.open(name)
            self.take_ticket(name, with_token=False)
        self.world.settle()

    def sign_in(self, name: str) -> str:
        """A token that the provider issues now."""
        now = self.world.outside.clock.now()
        self.signed += 1
        token = f"header.{name}{self.signed}.signature"
        groups = self.groups.get(name, frozenset())
        ends = now + timedelta(hours=1)
        self.world.outside.identities.known[token] = Claims(ISSUER, name, None, name, groups, ends, issued_at=now)
        return token

    def sees(self, credential: str, network: str) -> bool:
        return self.world.api("GET", f"/networks/{network}", token=credential).status == 200

    def do(self, step: Step) -> None:  # noqa: C901  one flat case a kind of step
        kind, name, value = step
        path = f"/users/{user_id(ISSUER, name)}"
        api = self.world.api
        match kind:
            case "group":
                self.groups[name] = value
                api("GET", "/me", token=self.sign_in(name))
            case "role":
                api("PATCH", path, {"role": value})
            case "networks":
                api("PATCH", path, {"networks": None if value is None else [self.networks[value]]})
            case "suspend":
                api("PATCH", path, {"is_suspended": value})
            case "remove":
                api("DELETE", path)
            case "default":
                api("PUT", "/settings", {"default_role": value, "member_peer_limit": 5})
            case "token":
                made = api("POST", "/tokens", {"name": "t", "role": "auditor"}, self.sign_in(name))
                if made.status == 201:
                    self.tokens[name].append((made.json["secret"], made.json["token"]["id"]))
            case "revoke":
                for _, token_id in self.tokens[name]:
                    api("DELETE", f"/tokens/{token_id}")
            case "ticket":
                self.take_ticket(name, with_token=value)
            case "open":
                self.open(name)
                if value:
                    self.assert_nobody_looks_on()
            case _:
                self.wait(value)

    def take_ticket(self, name: str, *, with_token: bool) -> None:
        kept = self.tokens[name]
        credential = kept[-1][0] if with_token and kept else self.sign_in(name)
        answer = self.world.api("POST", "/ws/tickets", token=credential)
        if answer.status == 201:
            browser = SimulatedBrowser(self.world, token=credential, ticket=answer.json["ticket"])
            browser.authorize()
            self.tickets[name].append(browser)

    def open(self, name: str) -> None:
        for browser in self.tickets[name]:
            if browser.open() == 200:
                browser.send({"type": "hello"})
                self.sockets[name].append(browser)
        self.tickets[name] = []

    def wait(self, seconds: int) -> None:
        """Streams and queues take their time, and less than a minute."""
        self.world.outside.clock.advance(timedelta(seconds=seconds))
        self.world.settle()

    def assert_nobody_looks_on(self) -> None:
        """A minute later no socket gets news of what its holder may not read."""
        self.wait(int(LONGEST.total_seconds()))
        before = {id(one): len(one.frames) for held in self.sockets.values() for one in held}
        for n, network in enumerate(self.networks):
            self.world.api("PATCH", f"/networks/{network}", {"domain": f"d{self.signed}.n{n}.internal"})
        self.world.settle()
        for name, held in self.sockets.items():
            for browser in held:
                news = [frame for frame in browser.frames[before[id(browser)] :] if isinstance(frame, NetworkChanged)]
                credential = browser.token if browser.token in dict(self.tokens[name]) else self.sign_in(name)
                assert credential is not None
                assert [one for one in news if not self.sees(credential, one.network_id)] == []


@given(steps=STEPS, seed=st.integers(0, 2**16))
def test_nobody_acts_a_minute_after_losing_the_right(steps: list[Step], seed: int) -> None:
    deployment, chance = Deployment(World(Adversary(seed, doubles=0.2))), random.Random(seed)

    for step in steps:
        deployment.do(step)
        if chance.random() < AT_ONCE:
            deployment.world.settle()
    deployment.assert_nobody_looks_on()
