"""What the console says for itself and the server decides: the codes that are about a field, the roles to hand on."""

import json
import re
from collections.abc import Iterator

import chalicelib.domain.network.errors
import chalicelib.domain.peer.errors  # noqa: F401  for its refusals, as above
from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.delegation import HANDED_ON
from infra.stack.console import FRONTEND

TABLE = re.compile(r"FIELD_OF_CODE = \{(.*?)\}", re.DOTALL)
CODE = re.compile(r"(\w+): \"")


def _kinds(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def test_every_code_that_the_console_knows_a_field_of_is_one_of_the_servers() -> None:
    tables = [found for path in FRONTEND.glob("src/features/*/api.ts") for found in TABLE.findall(path.read_text())]

    known = {code for table in tables for code in CODE.findall(table)}

    assert len(tables) > 1
    assert known
    assert known <= {kind.code for kind in _kinds()}


def test_the_console_offers_for_a_token_the_roles_that_may_be_handed_on() -> None:
    table = (FRONTEND / "src" / "lib" / "roles.ts").read_text().split("export const HANDED_ON", 1)[1]

    offered = {role: set(json.loads(roles)) for role, roles in re.findall(r"^  (\w+): (\[.*\]),$", table, re.MULTILINE)}

    assert offered == {role.value: {other.value for other in others} for role, others in HANDED_ON.items()}
