"""The one way a REST call comes in: credential, body, use case, answer, problem.

Every route states who may call it beside its path; there is no default.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import NoneType
from typing import Any, Generic, TypeVar, get_args

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.bootstrap.container import container
from chalicelib.domain.change.replay import KEY_MAX, Replayable, request_hash
from chalicelib.domain.errors import Invalid, Refusal, Unauthenticated
from chalicelib.domain.identity.principal import Agent, Principal, Role
from chalicelib.domain.identity.tokens import is_ours
from chalicelib.domain.ids import Revision
from chalicelib.entrypoints.origin import came_by_the_origin
from chalicelib.entrypoints.rest.body import parsed
from chalicelib.entrypoints.rest.problems import problem, refused, unreadable
from chalicelib.observability import count, logger
from chalicelib.wire.codec import canonical, encode

MAX_BODY_BYTES = 256 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ETAG = re.compile(r'(?:W/)?"([0-9]{1,12})"\Z')  # weak as well: proxies that compress make tags weak
NOTE_HEADER = "Wirety-Note"  # one line of ASCII

By = TypeVar("By")
Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class People:
    """People and API tokens with one of these roles; networks are checked by the use case."""

    roles: Set[Role]


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
    call cannot change, see body."""

    by: By
    body: Body
    path: Mapping[str, str]
    query: Any
    headers: Mapping[str, str]
    source: str | None
    if_match: Set[Revision] | None = None
    request: Replayable | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


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
class Replay:
    """How a route answers a request that was done before, from the ids of what it made.

    `made`: those ids, from the first answer; None: the work's own transaction settled them.
    """

    again: Callable[[Call[Any, Any], tuple[str, ...]], Any]
    made: Callable[[Any], tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A route as declared: for the routing table, the access test and the published contract.

    `resource`: the blueprint it belongs to. `query`, `body`: shapes of `wire`, None for none.
    `shown`: the shape a client reads and may send back where it says what is, None: the body alone.
    `tag`: the version in an answer, for its ETag. `conditional`: it honours If-Match.
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


OPERATIONS: list[Operation] = []


class TooLarge(Exception):
    """The body is over what the route takes."""


def route(
    blueprint: Blueprint,
    method: str,
    path: str,
    access: Access,
    *,
    query: Any = None,
    body: Any = None,
    status: HTTPStatus = HTTPStatus.OK,
    tag: Callable[[Any], int] | None = None,
    conditional: bool = False,
    replay: Replay | None = None,
    most_bytes: int = MAX_BODY_BYTES,
    shown: Any = None,
) -> Callable[[Callable[[Call[Any, Any]], Any]], Callable[[Call[Any, Any]], Any]]:
    """Register a handler for `/v1` + path.

    The handler answers a shape of `wire`, `Text`, or None (204, or 304 where it says so).
    """

    def register(handler: Callable[[Call[Any, Any]], Any]) -> Callable[[Call[Any, Any]], Any]:
        resource = handler.__module__.rpartition(".")[2]
        operation = Operation(
            resource, method, path, access, query, body, status, handler, tag, conditional, replay, most_bytes, shown
        )
        OPERATIONS.append(operation)

        def view(request: Request, path_args: Mapping[str, str]) -> Response:
            return _logged(operation, request, lambda request: _answered(operation, request, path_args))

        name = f"{method.lower()}_{handler.__name__}"
        _serve(blueprint, f"/v1{path}", _methods(operation), view, name)
        return handler

    return register


def close_gaps(blueprint: Blueprint) -> None:
    """Answer methods that no route takes, and unknown paths, with problems of our own.

    API Gateway would answer them with a 403 that says "Missing Authentication Token".
    """
    taken: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        taken.setdefault(operation.path, set()).update(_methods(operation))
    for path, methods in taken.items():
        allowed = ", ".join(sorted(methods))

        def not_allowed(_request: Request, _path: Mapping[str, str], allowed: str = allowed) -> Response:
            detail = f"This resource takes {allowed}."
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers={"Allow": allowed})

        missing = [method for method in METHODS if method not in methods]
        _serve(blueprint, f"/v1{path}", missing, not_allowed, "not_allowed")

    def not_found(_request: Request, _path: Mapping[str, str]) -> Response:
        return problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here. The API's paths begin with /api/v1.")

    for path in ("/", "/{proxy+}"):
        _serve(blueprint, path, METHODS, not_found, "not_found")


def _methods(operation: Operation) -> tuple[str, ...]:
    return ("GET", "HEAD") if operation.method == "GET" else (operation.method,)


def _serve(
    blueprint: Blueprint,
    path: str,
    methods: Sequence[str],
    answer: Callable[[Request, Mapping[str, str]], Response],
    name: str,
) -> None:
    """Register with Chalice: for calls by the one origin only, and HEAD as GET without the body."""

    def view(**path_args: str) -> Response:
        request = blueprint.current_request
        answered = answer(request, path_args) if came_by_the_origin(request.headers) else _past_the_origin()
        if request.method == "HEAD":
            return Response(body="", headers=answered.headers, status_code=answered.status_code)
        return answered

    view.__name__ = name
    # any content type: chalice's own 415 would not be problem+json
    blueprint.route(path, methods=list(methods), content_types=["*/*"])(view)


def _past_the_origin() -> Response:
    detail = "This is not the address of the API: ask for /api/v1 at the deployment's own address."
    return problem(HTTPStatus.FORBIDDEN, "wrong_origin", detail)


def _answered(operation: Operation, request: Request, path_args: Mapping[str, str]) -> Response:
    """Do the call; every foreseen refusal becomes its problem."""
    try:
        by = _credential(operation.access, request)
        body, said = _body(operation, request)
        query = _query(operation, request)
        if_match = _if_match(request) if operation.conditional else None
        call = Call(by, body, path_args, query, request.headers, _source(request), if_match, said=said)
        answer = _done(operation, call, request)
    except Refusal as refusal:
        return refused(refusal, container().settings.generation)
    except msgspec.DecodeError as error:
        return unreadable(error)
    except TooLarge:
        detail = f"The body is larger than {operation.most_bytes // 1024} KiB."
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
    if isinstance(answer, Text):
        noted = {} if answer.note is None else {NOTE_HEADER: answer.note}
        return _response(answer.text, operation.status, "text/plain; charset=utf-8", noted)
    if isinstance(answer, Json):
        return _response(answer.body.decode(), operation.status, "application/json")
    if answer is None:
        return _response("", HTTPStatus.NO_CONTENT if operation.status is HTTPStatus.OK else operation.status)
    if isinstance(answer, Response):
        return answer
    tagged = {} if operation.tag is None else {"ETag": f'"{operation.tag(answer)}"'}
    return _response(encode(answer).decode(), operation.status, "application/json", tagged)


def _done(operation: Operation, call: Call[Any, Any], request: Request) -> Any:
    """Call the handler, once for each idempotency key."""
    key = request.headers.get("idempotency-key")
    if operation.replay is None or key is None or not isinstance(call.by, Principal):
        return operation.handler(call)
    if not (1 <= len(key) <= KEY_MAX and key.isprintable()):
        raise Invalid([("Idempotency-Key", f"A key has 1 to {KEY_MAX} printable characters.")])
    attempt = container().requests.begin(key, request_hash(_asked(operation, call, request)), call.by)
    if attempt.is_done:
        return operation.replay.again(call, attempt.made)
    try:  # a failure that nobody foresaw leaves the attempt: its lease ends, and what it committed is settled
        answer = operation.handler(replace(call, request=attempt))
    except Refusal:  # nothing was done: the key is free for another try
        container().requests.forget(attempt)
        raise
    if operation.replay.made is not None:
        container().requests.finish(attempt, operation.replay.made(answer))
    return answer


def _asked(operation: Operation, call: Call[Any, Any], request: Request) -> bytes:
    """What a call asks for, to be compared with another under the same key."""
    body = None if call.body is None else msgspec.json.decode(_raw(request))
    return canonical([operation.method, operation.path.format_map(call.path), dict(request.query_params or {}), body])


def _logged(operation: Operation, request: Request, call: Callable[[Request], Response]) -> Response:
    """Log one line a request; what nobody foresaw is a 500 without details, and counted for the alarm."""
    started = time.perf_counter()
    try:
        response = call(request)
    except Exception:  # noqa: BLE001  the outermost rim: chalice would answer with its own shape
        logger.exception("request_failed", extra={"method": request.method, "route": operation.path})
        count("RequestFailed", method=operation.method, route=operation.path)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something broke on our side; it was logged. Try again."
        )
    took_ms = round((time.perf_counter() - started) * 1000, 1)
    logger.info(
        "request",
        extra={"method": request.method, "route": operation.path, "status": response.status_code, "ms": took_ms},
    )
    return response


def _credential(access: Access, request: Request) -> Principal | Agent | None:
    if isinstance(access, Anybody):
        return None
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send a token in the header `Authorization: Bearer …`.")
    if isinstance(access, Agents):
        return container().connections.authorize(token)[1].agent
    callers = container().accounts if is_ours(token) else container().people
    principal = callers.authenticate(token)
    principal.require(access.roles)
    return principal


def _body(operation: Operation, request: Request) -> tuple[Any, Mapping[str, Any]]:
    """The body, and what it says of fields that the call cannot change."""
    raw = _raw(request)
    if len(raw) > operation.most_bytes:
        raise TooLarge
    if operation.body is None or (not raw and _takes_none(operation.body)):
        return None, {}
    return parsed(raw, operation.body, operation.shown)


def _raw(request: Request) -> bytes:
    raw = request.raw_body
    return raw.encode() if isinstance(raw, str) else raw


def _takes_none(shape: Any) -> bool:
    return NoneType in get_args(shape)


def _query(operation: Operation, request: Request) -> Any:
    if operation.query is None:
        return None
    return msgspec.convert(dict(request.query_params or {}), operation.query, strict=False)


def _if_match(request: Request) -> Set[Revision] | None:
    """The tags of `If-Match` (RFC 9110 section 13.1.1); those that are none of ours match nothing."""
    said = request.headers.get("if-match")
    if said is None or said.strip() == "*":
        return None
    found = (ETAG.match(tag.strip()) for tag in said.split(","))
    return frozenset(Revision(int(tag[1])) for tag in found if tag)


def _source(request: Request) -> str | None:
    """The caller's address as the CDN wrote it; None when it did not: who called is the CDN then."""
    viewer = str(request.headers.get("cloudfront-viewer-address", ""))
    return viewer.rpartition(":")[0].strip("[]") or None


def _response(body: str, status: HTTPStatus, content_type: str = "", more: Mapping[str, str] | None = None) -> Response:
    headers: dict[str, str | list[str]] = {
        "Cache-Control": "no-store",
        **(more or {}),
        **({"Content-Type": content_type} if content_type else {}),
    }
    return Response(body=body, status_code=int(status), headers=headers)
