"""The deployed system gives everybody what docs/security.md says: a sample of calls by every kind of caller."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from chalicelib.domain.identity.principal import Role
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS
from chalicelib.entrypoints.rules import read_table
from infra.stack.local_stack import LocalStack
from scripts.bench.authz.ground import Answered, Ground
from scripts.bench.authz.walk import Walk
from scripts.export_schema import committed_table
from tests.stack.client import Operator

pytestmark = pytest.mark.stack

PEER = "/networks/{network_id}/peers/{peer_id}"
SAMPLE = {
    "GET /agent/bundle",
    "GET /audit/export",
    "GET /networks",
    "PATCH /networks/{network_id}",
    "POST /networks/{network_id}/peers",
    f"GET {PEER}",
    f"PATCH {PEER}",
    f"POST {PEER}/reissue",
    "GET /peers",
    "GET /users",
    "POST /ws/tickets",
}


@dataclass(frozen=True)
class Deployed:
    """Callers are API tokens of the administrator's making."""

    operator: Operator

    @property
    def administrator(self) -> str:
        return str(self.operator.stack.info["api_token"])

    def call(self, method: str, path: str, token: str, body: object = None) -> Answered:
        answer = self.operator.call(method, path, body, token or "none")
        return Answered(answer.status_code, answer.text)

    def grant(self, role: str, networks: Sequence[str] | None) -> str:
        body = {"name": f"walk {uuid.uuid4().hex[:8]}", "role": role, "networks": networks}
        return str(self.operator.call("POST", "/tokens", body).json()["secret"])


def test_a_sample_of_calls_gives_what_the_table_says(stack: LocalStack) -> None:
    ground = Ground(Deployed(Operator(stack)), [role.value for role in Role])
    walk = Walk(ground, read_table(committed_table()))
    sample = [one for one in OPERATIONS if f"{one.method} {one.path}" in SAMPLE]

    assert list(map(str, walk.holes(sample))) == []
    assert walk.walked.keys() == SAMPLE
