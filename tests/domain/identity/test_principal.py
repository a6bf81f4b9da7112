"""What a role may do, and what it sees."""

import pytest

from chalicelib.domain.errors import Forbidden, NetworkNotFound
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal, Role
from chalicelib.domain.ids import NetworkId, PrincipalId


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        (Role.ADMINISTRATOR, True, True),
        (Role.OPERATOR, True, True),
        (Role.AUDITOR, True, False),
        (Role.MEMBER, False, False),
    ],
)
def test_what_a_role_may_do(role: Role, reads: bool, writes: bool) -> None:
    principal = Principal(PrincipalId("tok"), "t", role, None)
    for roles, may in ((READERS, reads), (WRITERS, writes)):
        if may:
            principal.require(roles)
        else:
            with pytest.raises(Forbidden):
                principal.require(roles)


def test_a_network_out_of_sight_looks_like_none() -> None:
    principal = Principal(PrincipalId("tok"), "t", Role.OPERATOR, frozenset({NetworkId("net_1")}))

    principal.require_sight(NetworkId("net_1"))
    with pytest.raises(NetworkNotFound):
        principal.require_sight(NetworkId("net_2"))
