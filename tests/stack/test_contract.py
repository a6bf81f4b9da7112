"""The deployed API keeps the contract it publishes, whatever it is sent."""

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis import Case

from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator
from tests.stack.contract import Deployment, loaded, operations
from tests.stack.contract_checks import CHECKS, check, nothing_forbidden_is_done

pytestmark = pytest.mark.stack

published = schemathesis.pytest.from_fixture("contract")

ODD_TEXTS = ("", " ", "\0", "a\nb", "\ud800", "😀", "x" * 3_000, "x" * 200_000)
ODD_NUMBERS = (-1, 0, 2**63, int("9" * 39), 10**130)  # DynamoDB keeps 38 digits, up to 10**126
ODD_BODIES = (
    *(b"", b" ", b"null", b"[]", b"{}", b'""', b"0", b"{", b'{"a":1}{', b"NaN", b"1e400", b"\0", b"a=1&b=2"),
    *(b"\xff\xfe", b'{"\xff":1}', b"\xef\xbb\xbf{}", b'{"\\ud800":"\\udfff"}', "{}".encode("utf-16")),
    *(b"9" * 5_000, b"[" * 5_000, b'{"a":' * 2_000, b" " * 300_000),
)
ODD_QUERIES = ("?{0}", "?{0}=", "?{0}=%00", "?{0}=%FF", "?{0}=-1", "?{0}=NaN", "?{0}=~", "?{0}=1&{0}=2", "?{0}[]=1")
ODD_SEGMENTS = ("%00", "%0A", "%FF", "%20", "%25", "%F0%9F%98%80", "x" * 3_000)
CREDENTIALS_OF_NOBODY = (
    *(None, "Basic eDp4", "Bearer x", "Bearer wirety_api.tok_none.secret", "Bearer wirety_agent.none:none.secret"),
    *(f"Bearer wirety_api.{'x' * 3_000}.secret", f"Bearer wirety_agent.{'x' * 3_000}:none.secret"),
)
LARGEST_SHAPES = 3
UNREACHED_AT_MOST = 0.25


@pytest.fixture(scope="module")
def contract(stack: LocalStack) -> schemathesis.BaseSchema:
    return loaded(f"{stack.info['api_url']}/openapi.json")


@pytest.fixture(scope="module")
def deployment(stack: LocalStack, contract: schemathesis.BaseSchema) -> Deployment:
    return Deployment(Operator(stack), list(contract))


@pytest.fixture(autouse=True)
def _former_name_of_the_node_id(request: pytest.FixtureRequest) -> None:
    # schemathesis 4.32 reads Node._nodeid, which pytest 9.2 has no more: until schemathesis/pytest/lazy.py does not
    request.node._nodeid = request.node.nodeid


@pytest.fixture(autouse=True)
def _settings_as_before(stack: LocalStack) -> Iterator[None]:
    """Other tests share the system: whatever an accepted body made of its settings is taken back."""
    operator = Operator(stack)
    before = operator.call("GET", "/settings").json()
    yield
    after = operator.call("GET", "/settings").json()
    names = ("default_role", "member_peer_limit")
    if any(after[name] != before[name] for name in names):
        assert operator.call("PUT", "/settings", {name: before[name] for name in names}).status_code == 200


@published.exclude(method="DELETE").parametrize()
def test_every_answer_is_as_published(case: Case[Any], deployment: Deployment) -> None:
    _try(case, deployment)


@published.include(method="DELETE").parametrize()
def test_every_answer_to_a_deletion_is_as_published(case: Case[Any], deployment: Deployment) -> None:
    _try(case, deployment)


def test_most_operations_were_tried_beyond_their_refusals(deployment: Deployment) -> None:
    refused = [label for label, statuses in deployment.answered.items() if min(statuses) >= 400]

    assert len(refused) <= UNREACHED_AT_MOST * len(deployment.answered), f"teach SENSIBLE their fields: {refused}"


def test_an_odd_value_in_a_body_is_answered_as_published(
    contract: schemathesis.BaseSchema, deployment: Deployment, subtests: pytest.Subtests
) -> None:
    number = count()
    for operation in operations(contract):
        with subtests.test(operation.label):
            shapes = sorted(deployment.accepted.get(operation.label, {}).values(), key=len)[-LARGEST_SHAPES:]
            for shape in shapes:
                for path, odd in _odd_values_for(shape):
                    body = _replaced(deployment.sensible(shape, next(number)), path, odd)
                    check(operation, deployment.ask(operation, body=json.dumps(body).encode()))


def test_odd_bytes_are_answered_as_published(
    contract: schemathesis.BaseSchema, deployment: Deployment, subtests: pytest.Subtests
) -> None:
    for operation in operations(contract):
        with subtests.test(operation.label):
            for body in ODD_BODIES if operation.body else ():
                check(operation, deployment.ask(operation, body=body))


def test_an_odd_address_is_answered_as_published(
    contract: schemathesis.BaseSchema, deployment: Deployment, subtests: pytest.Subtests
) -> None:
    for operation in operations(contract):
        with subtests.test(operation.label):
            for parameter in operation.path_parameters:
                for segment in ODD_SEGMENTS:
                    check(operation, deployment.ask(operation, ids={parameter.name: segment}))
            for parameter in operation.query:
                for query in ODD_QUERIES:
                    check(operation, deployment.ask(operation, query.format(parameter.name)))


@pytest.mark.parametrize("credential", CREDENTIALS_OF_NOBODY, ids=lambda credential: str(credential)[:30])
def test_who_is_not_known_gets_a_401_from_every_guarded_operation(
    contract: schemathesis.BaseSchema, deployment: Deployment, credential: str | None
) -> None:
    for operation in operations(contract):
        if deployment.authorization(operation):
            url = deployment.operator.stack.info["api_url"] + re.sub("{.*?}", "none", operation.path)
            headers = {} if credential is None else {"Authorization": credential}

            answer = requests.request(operation.method, url, headers=headers, timeout=30)

            assert answer.status_code == 401, operation.label
            check(operation, answer)


def _try(case: Case[Any], deployment: Deployment) -> None:
    """As the administrator, and as another role."""
    case.validate_response(deployment.send(case), checks=CHECKS)
    tried = deployment.send_as_another(case)
    if tried is not None:
        role, answer = tried
        case.validate_response(answer, checks=[*CHECKS, nothing_forbidden_is_done(role)])


Path = tuple[str | int, ...]


def _odd_values_for(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Where in a body to put which odd value of the right type."""
    if isinstance(body, dict | list):
        for name, part in body.items() if isinstance(body, dict) else enumerate(body[:1]):
            yield from _odd_values_for(part, (*path, name))
    elif isinstance(body, str):
        yield from ((path, odd) for odd in ODD_TEXTS)
    elif isinstance(body, int) and not isinstance(body, bool):
        yield from ((path, odd) for odd in ODD_NUMBERS)


def _replaced(body: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    copy: Any = dict(body) if isinstance(body, dict) else list(body)
    copy[first] = _replaced(body[first], tuple(rest), value)
    return copy
