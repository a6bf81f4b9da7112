"""What every answer of the deployed API has to be, by the published contract."""

from collections.abc import Callable
from typing import Any

import requests
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.stack.contract import Operation

PROBLEM = "application/problem+json"
MAY_BE_UNAVAILABLE = frozenset(("busy", "identity_provider_unreachable"))


def no_server_error(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """A 5xx is a fault, except for the 503 by which the API asks to come back."""
    if response.status_code == 503 and response.json()["code"] in MAY_BE_UNAVAILABLE:
        return None
    return not_a_server_error(ctx, response, case)


def a_refusal_is_a_problem(_ctx: CheckContext, response: Response, _case: Case[Any]) -> bool | None:
    if response.status_code >= 400:
        assert response.headers["content-type"] == [PROBLEM]
        assert response.json()["status"] == response.status_code
    return None


def nothing_forbidden_is_done(role: str) -> Callable[[CheckContext, Response, Case[Any]], bool | None]:
    """A call succeeds only for a role that the published table names."""

    def check(_ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
        if role not in case.operation.definition.raw["x-roles"]:
            assert response.status_code >= 400, f"{role} did {case.operation.label}"
        return None

    return check


CHECKS = [
    no_server_error,
    a_refusal_is_a_problem,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


def check(operation: Operation, answer: requests.Response) -> None:
    """Hold an answer against the contract; a failure tells what was sent."""
    ids = {parameter.name: "any" for parameter in operation.path_parameters}
    try:
        operation.Case(path_parameters=ids).validate_response(answer, checks=CHECKS)
    except BaseExceptionGroup as failure:
        sent = answer.request
        failure.add_note(f"Sent were, not the request above: {sent.method} {sent.url!r:.200} {sent.body!r:.200}")
        raise
