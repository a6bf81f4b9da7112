"""What may be handed on."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.identity.delegation import HANDED_ON, common_networks, lesser_role
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId

NETWORKS = st.none() | st.frozensets(st.sampled_from([NetworkId(f"net_{n}") for n in range(4)]))


@pytest.mark.parametrize(("own", "maker"), list(product(Role, Role)))
def test_a_token_does_no_more_than_either(own: Role, maker: Role) -> None:
    lesser = lesser_role(own, maker)

    assert lesser is None or (lesser in HANDED_ON[own] and lesser in HANDED_ON[maker])
    assert (lesser is own) == (own in HANDED_ON[maker])


def test_an_operator_hands_on_no_export_of_the_audit_log() -> None:
    assert lesser_role(Role.AUDITOR, Role.OPERATOR) is None
    assert lesser_role(Role.OPERATOR, Role.AUDITOR) is None


@given(NETWORKS, NETWORKS, st.sampled_from([NetworkId(f"net_{n}") for n in range(5)]))
def test_a_network_is_common_when_both_have_it(
    own: frozenset[NetworkId] | None, maker: frozenset[NetworkId] | None, network_id: NetworkId
) -> None:
    common = common_networks(own, maker)

    def has(networks: frozenset[NetworkId] | None) -> bool:
        return networks is None or network_id in networks

    assert has(common) == (has(own) and has(maker))
