"""The one way a REST call comes in: credential, body, use case, answer, problem.

Every route states who may call it beside its path; there is no default.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.limits import Limit
from chalicelib.entrypoints.origin import came_by_the_origin
from chalicelib.entrypoints.rest.routing.handling import handle, log_request
from chalicelib.entrypoints.rest.routing.operation import MAX_BODY_BYTES, OPERATIONS, Access, Call, Operation, Replay
from chalicelib.entrypoints.rest.routing.problems import problem

ROUTES = "chalicelib.entrypoints.rest."  # where handlers stand, a module or a package a resource
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


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
    refuses: tuple[type[Refusal], ...] = (),
    limit: Limit | None = None,
) -> Callable[[Callable[[Call[Any, Any]], Any]], Callable[[Call[Any, Any]], Any]]:
    """Register a handler for `/v1` + path.

    The handler answers a shape of `wire`, `Text`, or None (204, or 304 where it says so).
    """

    def register(handler: Callable[[Call[Any, Any]], Any]) -> Callable[[Call[Any, Any]], Any]:
        resource = handler.__module__.removeprefix(ROUTES).partition(".")[0]
        operation = Operation(
            resource=resource,
            method=method,
            path=path,
            access=access,
            query=query,
            body=body,
            status=status,
            handler=handler,
            tag=tag,
            conditional=conditional,
            replay=replay,
            most_bytes=most_bytes,
            shown=shown,
            refuses=refuses,
            limit=limit,
        )
        OPERATIONS.append(operation)

        def view(request: Request, path_args: Mapping[str, str]) -> Response:
            return log_request(operation, request, lambda request: handle(operation, request, path_args))

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
