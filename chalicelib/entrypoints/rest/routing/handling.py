"""From a request to its answer: what the request holds, the handler, the refusal as a problem, a line of log."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from chalice.app import Request, Response

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Refusal
from chalicelib.entrypoints.rest.routing.limits import require_allowance, turned_away
from chalicelib.entrypoints.rest.routing.operation import Call, Json, JsonLines, Operation, Text
from chalicelib.entrypoints.rest.routing.problems import problem, refused, unreadable
from chalicelib.entrypoints.rest.routing.refused_sign_in import log_sign_in
from chalicelib.entrypoints.rest.routing.replay import do_once
from chalicelib.entrypoints.rest.routing.request import (
    TooLarge,
    body_of,
    credential,
    if_match_of,
    query_of,
    request_id_of,
    source_of,
)
from chalicelib.observability import count, logger
from chalicelib.wire.codec import encode

JSON_LINES = "application/x-ndjson"
NOTE_HEADER = "Wirety-Note"  # one line of ASCII


def handle(operation: Operation, request: Request, path_args: Mapping[str, str]) -> Response:
    """Do the call; every foreseen refusal becomes its problem."""
    by = None
    try:
        by = credential(operation.access, request)
        require_allowance(operation, by, request)
        body, said = body_of(operation, request)
        query = query_of(operation, request)
        if_match = if_match_of(request) if operation.conditional else None
        source, request_id = source_of(request), request_id_of(request)
        call = Call(by, body, path_args, query, request.headers, source, if_match, said=said, request_id=request_id)
        answer = do_once(operation, call, request)
    except Refusal as refusal:
        log_sign_in(refusal)
        return refused(turned_away(operation, by, refusal, request, path_args), container().settings.generation)
    except msgspec.DecodeError as error:
        return unreadable(error)
    except TooLarge:
        detail = f"The body is larger than {operation.most_bytes // 1024} KiB."
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
    if isinstance(answer, Text):
        noted = {} if answer.note is None else {NOTE_HEADER: answer.note}
        return response_of(answer.text, operation.status, "text/plain; charset=utf-8", noted)
    if isinstance(answer, Json):
        return response_of(answer.body.decode(), operation.status, "application/json")
    if isinstance(answer, JsonLines):
        linked = {} if answer.next is None else {"Link": f'<{answer.next}>; rel="next"'}  # RFC 8288
        return response_of(answer.body.decode(), operation.status, JSON_LINES, linked)
    if answer is None:
        return response_of("", HTTPStatus.NO_CONTENT if operation.status is HTTPStatus.OK else operation.status)
    if isinstance(answer, Response):
        return answer
    tagged = {} if operation.tag is None else {"ETag": f'"{operation.tag(answer)}"'}
    return response_of(encode(answer).decode(), operation.status, "application/json", tagged)


def log_request(operation: Operation, request: Request, call: Callable[[Request], Response]) -> Response:
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


def response_of(
    body: str, status: HTTPStatus, content_type: str = "", more: Mapping[str, str] | None = None
) -> Response:
    headers: dict[str, str | list[str]] = {
        "Cache-Control": "no-store",
        **(more or {}),
        **({"Content-Type": content_type} if content_type else {}),
    }
    return Response(body=body, status_code=int(status), headers=headers)
