"""Refusals as problem+json: one table from kind to status."""

import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from chalice.app import Response

from chalicelib.domain.change.errors import KeyReused
from chalicelib.domain.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Stale,
    Unauthenticated,
    Unavailable,
)
from chalicelib.domain.identity.errors import TooManyRequests
from chalicelib.domain.peer.errors import PeerDeleted, PeerLeft
from chalicelib.entrypoints.rest.routing.signed import with_signature
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.codec import encode
from chalicelib.wire.problem import CONTENT_TYPE, FieldError, Problem

STATUS: Mapping[type[Refusal], HTTPStatus] = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    PeerDeleted: HTTPStatus.GONE,
    PeerLeft: HTTPStatus.GONE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},  # RFC 6750 section 3
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}
VALIDATION = re.compile(r"(?P<message>.*?)(?: - at `\$\.?(?P<path>.*)`)?\Z", re.DOTALL)
NAMED_FIELD = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>.*)`\Z")


def refused(refusal: Refusal, generation: int) -> Response:
    """Answer a refusal of a use case."""
    tombstone = _tombstone(refusal, generation) if isinstance(refusal, PeerDeleted) else None
    later_s = refusal.retry_after_s if isinstance(refusal, Unavailable | TooManyRequests) else None
    headers = {} if later_s is None else {"Retry-After": str(later_s)}
    errors = _errors(refusal)
    answer = problem(
        status_of(type(refusal)), refusal.code, str(refusal), errors=errors, tombstone=tombstone, headers=headers
    )
    return answer if tombstone is None else with_signature(answer, tombstone)


def status_of(refusal: type[Refusal]) -> HTTPStatus:
    return next(status for kind, status in STATUS.items() if issubclass(refusal, kind))


def shape_of(refusal: Refusal) -> Problem:
    """A refusal as a part of an answer."""
    status = status_of(type(refusal))
    return Problem(
        title=status.phrase,
        status=int(status),
        code=refusal.code,
        detail=str(refusal),
        errors=_errors(refusal),
    )


def _errors(refusal: Refusal) -> list[FieldError]:
    return [FieldError(field=field, message=message) for field, message in getattr(refusal, "errors", ())]


def unreadable(error: msgspec.DecodeError) -> Response:
    """Answer a body that does not decode: 400 when it is not JSON, 422 with the field otherwise."""
    if not isinstance(error, msgspec.ValidationError):
        return problem(HTTPStatus.BAD_REQUEST, "not_json", f"The body is not JSON: {error}.")
    field, message = located(str(error))
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message, errors=[FieldError(field=field, message=message)]
    )


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    tombstone: Tombstone | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = Problem(
        title=status.phrase, status=int(status), code=code, detail=detail, errors=errors or [], tombstone=tombstone
    )
    return Response(
        body=encode(body).decode(),
        status_code=int(status),
        headers={
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "no-store",
            **HEADERS.get(status, {}),
            **(headers or {}),
        },
    )


def located(text: str) -> tuple[str, str]:
    """Split msgspec's message into the field's path and what is wrong with it."""
    found = VALIDATION.match(text)
    message, path = (found["message"], found["path"] or "") if found else (text, "")
    named = NAMED_FIELD.match(message)
    if named:
        path = f"{path}.{named['name']}" if path else named["name"]
    return path, f"{message}."


def _tombstone(deleted: PeerDeleted, generation: int) -> Tombstone:
    return Tombstone(
        generation=generation,
        revision=deleted.revision,
        network_id=deleted.network_id,
        peer_id=deleted.peer_id,
        deleted_at=deleted.deleted_at,
    )
