"""The published contract: OpenAPI 3.1, from the routes as declared and the shapes of `wire`."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from types import NoneType, UnionType
from typing import Any, assert_never, get_args, get_type_hints

import msgspec
from chalice.app import Response

from chalicelib.domain.change.errors import KeyReused, RequestRunning
from chalicelib.domain.change.replay import KEY_MAX
from chalicelib.domain.errors import Forbidden, Invalid, Refusal, Stale, Unauthenticated
from chalicelib.domain.identity.errors import IdentityProviderUnreachable, TooManyRequests
from chalicelib.entrypoints.rest.routing.handling import JSON_LINES, NOTE_HEADER
from chalicelib.entrypoints.rest.routing.operation import (
    OPERATIONS,
    Agents,
    Anybody,
    Json,
    JsonLines,
    Operation,
    People,
    Text,
)
from chalicelib.entrypoints.rest.routing.problems import status_of
from chalicelib.settings import VERSION
from chalicelib.wire import bundle, delta
from chalicelib.wire.browser_frames import FromBrowser, ToBrowser
from chalicelib.wire.frames import FromAgent, ToAgent
from chalicelib.wire.problem import CONTENT_TYPE, Problem
from chalicelib.wire.signing import SIGNATURE_HEADER

REF = "#/components/schemas/{name}"
FRAMES: Mapping[str, Any] = {
    "ToBrowser": ToBrowser,
    "FromBrowser": FromBrowser,
    "ToAgent": ToAgent,
    "FromAgent": FromAgent,
}
MEDIA_TYPES: Mapping[Any, str] = {bundle.Bundle: bundle.MEDIA_TYPE, delta.Delta: delta.MEDIA_TYPE}
"""Shapes that are sent under a name of their own, signed; as plain JSON to who asks for that alone."""
PATH_PARAMETER = re.compile(r"{(\w+)}")
PAGE_OF = re.compile(r"\bPage_(\w+?)_(?=\W|$)")  # msgspec's name of Page[Network]
SECURITY: Mapping[str, Any] = {
    "person": {"type": "http", "scheme": "bearer", "description": "An identity provider's token, or an API token."},
    "agent": {"type": "http", "scheme": "bearer", "description": "The session of `POST /agent/session`."},
}


@cache
def document() -> bytes:
    """The contract as JSON, the same bytes for the same code."""
    shapes = list(_shapes(OPERATIONS))
    schemas, components = msgspec.json.schema_components(shapes, ref_template=REF)
    named = dict(zip(shapes, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, named)
    contract = {
        "openapi": "3.1.0",
        "info": {
            "title": "Wirety",
            "version": VERSION,
            "description": "Control plane of WireGuard networks.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": {**components, **{name: named[union] for name, union in FRAMES.items()}},
            "securitySchemes": SECURITY,
        },
    }
    text = msgspec.json.format(msgspec.json.encode(contract, order="sorted"), indent=2).decode()
    return PAGE_OF.sub(r"\1Page", text).encode() + b"\n"


def _shapes(operations: Iterable[Operation]) -> dict[Any, None]:
    """Every shape once, in order; a set's order would differ from run to run."""
    found: dict[Any, None] = dict.fromkeys((Problem, *FRAMES.values()))
    for operation in operations:
        found |= dict.fromkeys(_answers(operation))
        if operation.body is not None:
            found[operation.body] = None
    return found


def _answers(operation: Operation) -> tuple[Any, ...]:
    """The shapes a handler answers with, by its annotation."""
    answer = get_type_hints(operation.handler)["return"]
    members = get_args(answer) if isinstance(answer, UnionType) else (answer,)
    return tuple(member for member in members if member not in (Text, Json, JsonLines, Response, NoneType))


def _operation(operation: Operation, named: Mapping[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.resource}_{operation.handler.__name__}",
        "tags": [operation.resource],
        "parameters": [
            *_path_parameters(operation.path),
            *_query_parameters(operation.query),
            *_header_parameters(operation),
        ],
        "responses": _responses(operation, named),
        **_access(operation),
    }
    if operation.handler.__doc__:
        described["summary"] = operation.handler.__doc__.strip().splitlines()[0]
    if operation.body is not None:
        content = {"application/json": {"schema": named[operation.body]}}
        described["requestBody"] = {"required": not _is_optional(operation.body), "content": content}
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PATH_PARAMETER.findall(path)
    ]


def _query_parameters(query: Any) -> list[dict[str, Any]]:
    if query is None:
        return []
    [_], components = msgspec.json.schema_components([query], ref_template=REF)
    return [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in components[query.__name__]["properties"].items()
    ]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    headers: list[dict[str, Any]] = []
    if operation.conditional:
        described = "The ETag the caller saw: a stale write is a 412, and nothing is lost."
        headers.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}, "description": described})
    if operation.replay is not None:
        described = "The same key does the request once, for 24 h; a replay shows no secret again."
        schema = {"type": "string", "minLength": 1, "maxLength": KEY_MAX}
        headers.append({"name": "Idempotency-Key", "in": "header", "schema": schema, "description": described})
    return headers


def _is_optional(body: Any) -> bool:
    return isinstance(body, UnionType) and NoneType in get_args(body)


def _refusals(operation: Operation) -> set[HTTPStatus]:
    """The statuses a call may be refused with, beside what nobody foresaw: as declared, and what follows from the
    rest of the declaration."""
    kinds: set[type[Refusal]] = {*operation.refuses}
    match operation.access:
        case People():
            kinds |= {
                Unauthenticated,
                Forbidden,
                IdentityProviderUnreachable,
                TooManyRequests,
            }  # of refused credentials
        case Agents():
            kinds |= {Unauthenticated, TooManyRequests}
        case Anybody():
            pass
        case _:
            assert_never(operation.access)
    if operation.counted is not None:
        kinds.add(TooManyRequests)
    if operation.query is not None or operation.body is not None:
        kinds.add(Invalid)
    if operation.conditional:
        kinds.add(Stale)
    if operation.replay is not None:
        kinds |= {Invalid, KeyReused, RequestRunning}
    unread = set() if operation.body is None else {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    return unread | {status_of(kind) for kind in kinds}


def _responses(operation: Operation, named: Mapping[Any, Any]) -> dict[str, Any]:
    problem: dict[str, Any] = {"description": "A refusal", "content": {CONTENT_TYPE: {"schema": named[Problem]}}}
    refusals = {str(int(status)): {**problem, "description": status.phrase} for status in sorted(_refusals(operation))}
    return {**_successes(operation, named), **refusals, "default": problem}


def _successes(operation: Operation, named: Mapping[Any, Any]) -> dict[str, Any]:
    answer = get_type_hints(operation.handler)["return"]
    if answer is NoneType:
        return {str(int(HTTPStatus.NO_CONTENT)): {"description": "Done"}}
    done: dict[str, Any] = {"description": operation.status.phrase, "content": _content(operation, named)}
    if headers := _answered_headers(operation):
        done["headers"] = headers
    responses = {str(int(operation.status)): done}
    if Response in get_args(answer):
        responses[str(int(HTTPStatus.NOT_MODIFIED))] = {"description": "Nothing newer"}
    return responses


def _content(operation: Operation, named: Mapping[Any, Any]) -> dict[str, Any]:
    """The schemas of an answer, by media type."""
    plain: Mapping[Any, tuple[str, str]] = {
        Text: ("text/plain", "string"),
        JsonLines: (JSON_LINES, "string"),
        Json: ("application/json", "object"),
    }
    answer = get_type_hints(operation.handler)["return"]
    if answer in plain:
        kind, shape = plain[answer]
        return {kind: {"schema": {"type": shape}}}
    content: dict[str, list[Any]] = {}
    for shape in _answers(operation):
        content.setdefault(MEDIA_TYPES.get(shape, "application/json"), []).append(named[shape])
    return {kind: {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}} for kind, shapes in content.items()}


def _answered_headers(operation: Operation) -> dict[str, Any]:
    answer = get_type_hints(operation.handler)["return"]
    described: dict[str, str] = {}
    if answer is Text:
        described[NOTE_HEADER] = "What the reader of the text has to know beside it."
    if answer is JsonLines:
        described["Link"] = "Where the next page is (RFC 8288)."
    if any(shape in MEDIA_TYPES for shape in _answers(operation)):
        described[SIGNATURE_HEADER] = "Ed25519, base64: see wire/signing."
    if operation.tag is not None:
        described["ETag"] = "For If-Match."
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


def _access(operation: Operation) -> dict[str, Any]:
    match operation.access:
        case People() as access:
            told = {"x-roles": sorted(access.callers), "x-own": sorted(access.own), "x-networks": operation.networks}
            return {"security": [{"person": []}], **told}
        case Agents():
            return {"security": [{"agent": []}]}
        case Anybody():
            return {"security": []}
        case _:
            assert_never(operation.access)
