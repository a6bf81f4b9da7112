"""Where the walk goes: two networks, callers of every kind, and something new for every call to be about."""

import base64
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HOST = {"hostname": "hub", "os": "linux", "agent_version": "0"}
MOST_PEERS = 100  # of a member
AN_AGENT = "an agent"
STRANGERS = {"nobody": "", "who has a token that nobody made": "wirety_api.tok_none_none.secret"}
UNKNOWN = {
    "network_id": "net_none",
    "peer_id": "dyn_none",
    "token_id": "tok_none_none",
    "user_id": "usr_none",
    "key_id": "key_none",
}


class Subject(StrEnum):
    """What a call is about."""

    OWN = "their own"
    OTHERS = "another's"
    UNKNOWN = "unknown"
    HIDDEN = "in another network"
    NOWHERE = "in an unknown network"


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Caller:
    """`role` None: no person and no API token. `sees_all`: every network is granted; else the first alone.
    `person_id`: what a peer of theirs names as its owner; None: an API token of the deployment's own."""

    name: str
    token: str
    role: str | None = None
    sees_all: bool = False
    person_id: str | None = None


class Api(Protocol):
    """A deployment."""

    @property
    def administrator(self) -> str:
        """A token."""
        ...

    def call(self, method: str, path: str, token: str, body: object = None) -> Answered:
        """`path`: below `/api/v1`, with its query."""
        ...

    def grant(self, role: str, networks: Sequence[str] | None) -> str:
        """The token of somebody new with this role, in these networks; None: in all."""
        ...


@dataclass
class Ground:
    """`first`: the network that is granted to who sees one; `second`: another."""

    api: Api
    roles: Sequence[str]
    first: str = field(init=False)
    second: str = field(init=False)
    callers: dict[str, Caller] = field(init=False)

    def __post_init__(self) -> None:
        settings = self.done("GET", "/settings")
        self.done("PUT", "/settings", {"default_role": settings["default_role"], "member_peer_limit": MOST_PEERS})
        self.renew()

    def renew(self) -> None:
        """Other networks, and callers who see them."""
        self.first, agent = self._network()
        self.second, _ = self._network()
        people = [self._caller(role, sees_all=sees_all) for role in self.roles for sees_all in (True, False)]
        strangers = [Caller(name, token) for name, token in STRANGERS.items()]
        self.callers = {caller.name: caller for caller in (*people, Caller(AN_AGENT, agent), *strangers)}

    def ids(self, names: Sequence[str], caller: Caller, subject: Subject, *, is_static: bool) -> dict[str, str]:
        """What stands in a path for such a subject."""
        if subject is Subject.NOWHERE:
            return {name: UNKNOWN.get(name, "1") for name in names}
        network = self.second if subject is Subject.HIDDEN else self.first
        found = {"network_id": network, "revision": "1"}
        for name in names:
            if name not in found:
                is_there = subject is not Subject.UNKNOWN
                found[name] = self._made(name, network, caller, subject, is_static) if is_there else UNKNOWN[name]
        return {name: found[name] for name in names}

    def done(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """A call that has to succeed; the administrator's, if nobody else's."""
        answer = self.api.call(method, path, self.api.administrator if token is None else token, body)
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {path} answered {answer.status}: {answer.text}")
        return answer.json

    def address(self, network: str, last: int) -> str:
        """Of a network that is a /24."""
        return f"{self.done('GET', f'/networks/{network}')['cidr'].rpartition('.')[0]}.{last}"

    def _made(self, name: str, network: str, caller: Caller, subject: Subject, is_static: bool) -> str:
        """The id of something new. Raises LookupError: nobody said how to make it."""
        match name:
            case "peer_id":
                return self._peer(network, caller, is_own=subject is not Subject.OTHERS, is_static=is_static)
            case "key_id":
                return str(self.done("POST", f"/networks/{network}/join-keys", {"name": new_name()})["key"]["id"])
            case "token_id":
                maker = caller.token if subject is Subject.OWN and caller.role else None
                body = {"name": new_name(), "role": caller.role or "auditor"}
                return str(self.done("POST", "/tokens", body, maker)["token"]["id"])
            case "user_id":
                body = {"email": f"{new_name()}@example.com", "role": "auditor"}
                return str(self.done("POST", "/users", body)["id"])
            case _:
                raise LookupError(f"the walk knows no {name}: say in scripts/bench/authz/ground.py how one is made")

    def _peer(self, network: str, caller: Caller, *, is_own: bool, is_static: bool) -> str:
        """A member makes their own, and where they may not, it is given to them."""
        body: dict[str, object] = {"kind": "static", "generate_key": True} if is_static else {"kind": "dynamic"}
        body["name"] = new_name()
        maker = None
        if is_own and caller.role == "member":
            if caller.sees_all or network == self.first:
                maker = caller.token
            elif caller.person_id is not None:
                body["owner_id"] = caller.person_id
        return str(self.done("POST", f"/networks/{network}/peers", body, maker)["peer"]["id"])

    def _caller(self, role: str, *, sees_all: bool) -> Caller:
        token = self.api.grant(role, None if sees_all else [self.first])
        me = self.done("GET", "/me", token=token)
        name = f"{role} of {'all networks' if sees_all else 'one network'}"
        return Caller(name, token, role, sees_all, me["id"] if me["kind"] == "user" else None)

    def _network(self) -> tuple[str, str]:
        """One with a jump that serves, so that files can be issued; and the session of the jump's agent."""
        [cidr] = self.done("GET", "/ipam/suggestions?base=10.64.0.0/10&peers=253&count=1")["items"]
        network = str(self.done("POST", "/networks", {"name": new_name(), "cidr": cidr})["id"])
        body = {"kind": "jump", "name": "hub", "endpoint": "198.51.100.1"}
        created = self.done("POST", f"/networks/{network}/peers", body)
        device = Ed25519PrivateKey.generate()
        key = base64.b64encode(device.public_key().public_bytes_raw()).decode()
        enrol = {"token": created["enrollment_token"], "public_key": key, "device_key": key, "host": HOST}
        self.done("POST", "/agent/enroll", enrol, "")
        now = int(time.time())
        claims = {"sub": created["peer"]["id"], "network_id": network, "aud": "wirety", "iat": now, "exp": now + 60}
        assertion = jwt.encode({**claims, "jti": uuid.uuid4().hex}, device, algorithm="EdDSA")
        return network, str(self.done("POST", "/agent/session", {"assertion": assertion}, "")["session"])


def new_name() -> str:
    return f"walk-{uuid.uuid4().hex[:12]}"
