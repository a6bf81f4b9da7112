"""What a request holds, parsed: credential, body, query, versions, source."""

import re
from collections.abc import Mapping, Set
from dataclasses import replace
from types import NoneType
from typing import Any, Protocol, get_args

import msgspec
from chalice.app import Request

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.principal import Agent, Principal
from chalicelib.domain.identity.tokens import is_ours
from chalicelib.domain.ids import Revision
from chalicelib.entrypoints.rest.routing.body import parsed
from chalicelib.entrypoints.rest.routing.operation import Access, Agents, Anybody, Operation

ETAG = re.compile(r'(?:W/)?"([0-9]{1,12})"\Z')  # weak as well: proxies that compress make tags weak


class Headed(Protocol):
    """What has headers, by any case of their names."""

    @property
    def headers(self) -> Mapping[str, str]: ...


class TooLarge(Exception):
    """The body is over what the route takes."""


def credential(access: Access, request: Request) -> Principal | Agent | None:
    """Who calls, with where from and by which request; None: nobody was asked."""
    by = authenticated(access, request)
    return None if by is None else replace(by, source=source_of(request), request_id=request_id_of(request))


def authenticated(access: Access, request: Headed) -> Principal | Agent | None:
    if isinstance(access, Anybody):
        return None
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send a token in the header `Authorization: Bearer …`.")
    if isinstance(access, Agents):
        return container().connections.authorize(token)[1].agent
    if is_ours(token):
        principal = container().api_tokens.authenticate(token, source_of(request))
    else:
        principal = container().people.authenticate(token, source_of(request))
    principal.require(access.callers)
    return principal


def body_of(operation: Operation, request: Request) -> tuple[Any, Mapping[str, Any]]:
    """The body, and what it says of fields that the call cannot change."""
    raw = raw_body(request)
    if len(raw) > operation.most_bytes:
        raise TooLarge
    if operation.body is None or (not raw and _takes_none(operation.body)):
        return None, {}
    return parsed(raw, operation.body, operation.shown)


def raw_body(request: Request) -> bytes:
    raw = request.raw_body
    return raw.encode() if isinstance(raw, str) else raw


def _takes_none(shape: Any) -> bool:
    return NoneType in get_args(shape)


def query_of(operation: Operation, request: Request) -> Any:
    if operation.query is None:
        return None
    return msgspec.convert(dict(request.query_params or {}), operation.query, strict=False)


def if_match_of(request: Request) -> Set[Revision] | None:
    """The tags of `If-Match` (RFC 9110 section 13.1.1); those that are none of ours match nothing."""
    said = request.headers.get("if-match")
    if said is None or said.strip() == "*":
        return None
    found = (ETAG.match(tag.strip()) for tag in said.split(","))
    return frozenset(Revision(int(tag[1])) for tag in found if tag)


def request_id_of(request: Request) -> str | None:
    """The id that API Gateway gave the request; its access log has it too."""
    return (request.context or {}).get("requestId")


def source_of(request: Headed) -> str | None:
    """The caller's address as the CDN wrote it; None when it did not: who called is the CDN then."""
    viewer = str(request.headers.get("cloudfront-viewer-address", ""))
    return viewer.rpartition(":")[0].strip("[]") or None
