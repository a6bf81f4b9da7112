"""What a route declares, and what its handler takes and answers."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar, assert_never

from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.limits import Limit
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import Revision

MAX_BODY_BYTES = 256 * 1024
By = TypeVar("By")
Body = TypeVar("Body")

Reach = Literal["all", "granted", "own"]
"""All of the deployment, the networks that are granted to the caller, or what is the caller's own."""


@dataclass(frozen=True, slots=True)
class People:
    """People and API tokens. `roles`: who may do it in the networks granted to them; with `all_networks` only who sees
    all of the deployment's. `own`: who may do it otherwise with what is their own: their peers, tokens, themselves.

    The use case checks networks and owners: what is said here of them is for readers, and held against it by a test.
    """

    roles: Set[Role] = frozenset()
    all_networks: bool = False
    own: Set[Role] = frozenset()

    @property
    def callers(self) -> Set[Role]:
        """Who gets past the door."""
        return self.roles | self.own

    def reach(self, role: Role) -> tuple[Reach, ...]:
        """What the call may be about for a role, the wider first; empty: it is refused."""
        wider: Reach = "all" if self.all_networks else "granted"
        return ((wider,) if role in self.roles else ()) + (("own",) if role in self.own else ())


@dataclass(frozen=True, slots=True)
class Agents:
    """An agent with its session, for its own peer."""


@dataclass(frozen=True, slots=True)
class Anybody:
    """Nobody is asked: the call proves itself by its body, or tells nothing."""


Access = People | Agents | Anybody


@dataclass(frozen=True, slots=True)
class Call(Generic[By, Body]):
    """One request. `headers` by any case. `query`: of the shape the route declares, None without one. `source`: the
    caller's address, None when it cannot be believed. `if_match`: the versions the caller takes, None:
    whichever. `request`: under an idempotency key, None without one. `said`: what the body says of fields that the
    call cannot change, see body. `request_id`: see `Caller`."""

    by: By
    body: Body
    path: Mapping[str, str]
    query: Any
    headers: Mapping[str, str]
    source: str | None
    if_match: Set[Revision] | None = None
    request: Replayable | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    request_id: str | None = None

    @property
    def done_before(self) -> Replayable:
        """The request with the ids of what it made, where it is answered again."""
        assert self.request is not None  # no route is answered again without a key
        return self.request


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that is not JSON. `note`: what its reader has to know beside it, in NOTE_HEADER; None: nothing."""

    text: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Json:
    """An answer that is JSON of a shape of its own."""

    body: bytes


@dataclass(frozen=True, slots=True)
class JsonLines:
    """An answer of JSON texts, one a line. `next`: the address of the next page, in the header `Link`; None: this was
    the last."""

    body: bytes
    next: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """How a route answers a request that was done before.

    `again`: reads the answer anew, by the path or by what the call says that it made.
    `is_settled_by_use_case`: the use case is given the request, and notes with its work that it is done;
    otherwise that is noted after the handler.
    """

    again: Callable[[Call[Any, Any]], Any]
    is_settled_by_use_case: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A route as declared: for the routing table, the access test and the published contract.

    `resource`: the room of `rest` it stands in. `query`, `body`: shapes of `wire`, None for none.
    `shown`: the shape a client reads and may send back where it says what is, None: the body alone.
    `tag`: the version in an answer, for its ETag. `conditional`: it honours If-Match. `refuses`: kinds of
    refusal beside those that follow from the rest of the declaration, see openapi. `limit`: of a call that nobody has
    to sign in for, what it is counted as by its source address.
    """

    resource: str
    method: str
    path: str
    access: Access
    query: Any
    body: Any
    status: HTTPStatus
    handler: Callable[[Call[Any, Any]], Any]
    tag: Callable[[Any], int] | None = None
    conditional: bool = False
    replay: Replay | None = None
    most_bytes: int = MAX_BODY_BYTES
    shown: Any = None
    refuses: tuple[type[Refusal], ...] = ()
    limit: Limit | None = None

    @property
    def counted(self) -> Limit | None:
        """What a call is counted as; None: it is not. Of people and tokens every call that writes is."""
        if self.limit is None and isinstance(self.access, People) and self.method != "GET":
            return Limit.WRITES
        return self.limit

    @property
    def networks(self) -> Literal["all", "one", "seen"] | None:
        """Which networks a person must see: all, the one in the path, or no certain one; None: nobody is asked."""
        match self.access:
            case People(all_networks=True, own=own) if not own:
                return "all"
            case People():
                return "one" if "{network_id}" in self.path else "seen"
            case Agents() | Anybody():
                return None
            case _:
                assert_never(self.access)


OPERATIONS: list[Operation] = []
