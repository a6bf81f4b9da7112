"""The published contract says what the routes do."""

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.entrypoints.rest.routing.openapi import document
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, Operation, People
from chalicelib.entrypoints.rest.routing.problems import status_of
from tests.world import World

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def contract() -> Any:
    return json.loads(document())


def test_it_is_openapi_3_1(contract: Any) -> None:
    OpenAPIV31SpecValidator(contract).validate()


def test_the_committed_document_is_what_the_code_says() -> None:
    assert COMMITTED.read_bytes() == document(), "run: make schema"


def test_it_is_served_to_anybody(contract: Any) -> None:
    answer = World().api("GET", "/openapi.json", token="none")

    assert (answer.status, answer.json) == (200, contract)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_it_tells_of_each_route_who_may_call_it(contract: Any, operation: Operation) -> None:
    told = contract["paths"][operation.path][operation.method.lower()]

    access = operation.access if isinstance(operation.access, People) else None
    assert told.get("x-roles") == (None if access is None else sorted(access.callers))
    assert told.get("x-own") == (None if access is None else sorted(access.own))
    assert told.get("x-networks") == operation.networks
    assert {parameter["name"] for parameter in told["parameters"] if parameter["in"] == "path"} == {
        part.strip("{}") for part in operation.path.split("/") if part.startswith("{")
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_it_tells_of_every_refusal_that_a_route_declares(contract: Any, operation: Operation) -> None:
    told = contract["paths"][operation.path][operation.method.lower()]["responses"]

    assert {str(int(status_of(kind))) for kind in operation.refuses} <= told.keys()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_it_tells_of_every_shape_that_a_route_answers(contract: Any, operation: Operation) -> None:
    answered = get_type_hints(operation.handler)["return"]
    shapes = {one.__name__ for one in get_args(answered) or (answered,) if hasattr(one, "__struct_fields__")}

    told = json.dumps(contract["paths"][operation.path][operation.method.lower()]["responses"])

    assert all(f"/schemas/{shape}" in told for shape in shapes - {"Text", "Json"})


def test_operation_ids_are_unique(contract: Any) -> None:
    ids = [operation["operationId"] for path in contract["paths"].values() for operation in path.values()]

    assert len(ids) == len(set(ids))
