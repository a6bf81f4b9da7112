"""Requests under an idempotency key: done once, answered again."""

from dataclasses import replace
from typing import Any

import msgspec
from chalice.app import Request

from chalicelib.bootstrap.container import container
from chalicelib.domain.change.replay import KEY_MAX, request_hash
from chalicelib.domain.errors import Invalid, Refusal
from chalicelib.domain.identity.principal import Principal
from chalicelib.entrypoints.rest.routing.operation import Call, Operation
from chalicelib.entrypoints.rest.routing.request import raw_body
from chalicelib.wire.codec import canonical


def do_once(operation: Operation, call: Call[Any, Any], request: Request) -> Any:
    """Call the handler, once for each idempotency key."""
    key = request.headers.get("idempotency-key")
    if operation.replay is None or key is None or not isinstance(call.by, Principal):
        return operation.handler(call)
    if not (1 <= len(key) <= KEY_MAX and key.isprintable()):
        raise Invalid([("Idempotency-Key", f"A key has 1 to {KEY_MAX} printable characters.")])
    attempt = container().requests.begin(key, request_hash(_asked(operation, call, request)), call.by)
    call = replace(call, request=attempt)
    if attempt.is_done:
        return operation.replay.again(call)
    try:  # a failure that nobody foresaw leaves the attempt: its lease ends, and what it committed is settled
        answer = operation.handler(call)
    except Refusal:  # nothing was done: the key is free for another try
        container().requests.forget(attempt)
        raise
    if not operation.replay.is_settled_by_use_case:
        container().requests.finish(attempt)
    return answer


def _asked(operation: Operation, call: Call[Any, Any], request: Request) -> bytes:
    """What a call asks for, to be compared with another under the same key."""
    body = None if call.body is None else msgspec.json.decode(raw_body(request))
    return canonical([operation.method, operation.path.format_map(call.path), dict(request.query_params or {}), body])
