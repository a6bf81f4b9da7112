"""How many answers give more, or less, than docs/security.md says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.bootstrap.container import Container, install
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Claims, User, user_id
from chalicelib.domain.identity.writes import PutUser
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId
from chalicelib.entrypoints.rules import read_table
from chalicelib.settings import settings_from
from scripts.bench.authz.ground import Answered, Ground
from scripts.bench.authz.walk import Walk
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.month.in_process import SECRET, InProcess
from scripts.export_schema import committed_table

ISSUER = "https://idp.example.com"
LONG = timedelta(days=1)
LIMITS = ("WRITES", "ENROLLMENTS", "SESSIONS", "REFUSALS")
ENVIRONMENT = {
    "ORIGIN_SECRETS": SECRET,
    "OIDC_ISSUER": ISSUER,
    **{f"{limit}_PER_MINUTE": "1000000" for limit in LIMITS},  # the clock stands
}

BARS = (Bar("authz_holes", 0),)


@dataclass
class InMemory:
    """A deployment in memory, whose people its identity provider vouches for."""

    outside: MemoryOutside = field(default_factory=MemoryOutside)
    http: InProcess = field(default_factory=lambda: InProcess("http://wirety.test"))
    administrator: str = field(init=False)
    people: int = 0

    def __post_init__(self) -> None:
        container = Container(settings_from(ENVIRONMENT), self.outside)
        install(container)
        self.administrator = container.api_tokens.create_for_deployment("bench", Role.ADMINISTRATOR).text()

    def call(self, method: str, path: str, token: str, body: object = None) -> Answered:
        path, _, query = path.partition("?")
        asked = dict(one.split("=") for one in query.split("&")) if query else None
        sent = None if body is None else json.dumps(body).encode()
        answer = self.http.answered(method, path, token, sent, asked, None)
        return Answered(answer.status_code, answer.content.decode())

    def grant(self, role: str, networks: Sequence[str] | None) -> str:
        self.people += 1
        now, subject = self.outside.clock.now(), f"person {self.people}"
        token = f"header.{self.people}.signature"
        self.outside.identities.known[token] = Claims(ISSUER, subject, None, subject, None, now + LONG)
        granted = frozenset({EVERY_NETWORK}) if networks is None else frozenset(map(NetworkId, networks))
        person = User(user_id(ISSUER, subject), ISSUER, subject, None, subject, now, Role(role))
        self.outside.transactions.commit(Commit(None, (PutUser(replace(person, networks=granted)),)))
        return token


def walk_in_memory() -> Walk:
    ground = Ground(InMemory(), [role.value for role in Role])
    return Walk(ground, read_table(committed_table()))


def measure(say: Say) -> list[Figure]:
    walk = walk_in_memory()
    holes = list(walk.holes())
    for hole in holes:
        say(str(hole))
    return [Figure("authz_holes", len(holes), "", walk.walked.total())]


GROUP = Group("every call by every caller, held against the table of who may do what", measure, BARS)
