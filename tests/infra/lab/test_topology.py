"""Addresses of the simulated internet."""

import pytest

from infra.lab import TWO_SITES, NodeSpec, Topology


def test_a_host_behind_nat_has_the_public_address_of_its_router() -> None:
    public = {name: str(TWO_SITES.public_address(name)) for name in ("internet", "jump", "site-a", "site-b")}

    assert public == {
        "internet": "203.0.113.1",
        "jump": "203.0.113.10",
        "site-a": "203.0.113.21",
        "site-b": "203.0.113.22",
    }


def test_a_host_that_nothing_joins_to_the_wan_has_no_public_address() -> None:
    with pytest.raises(LookupError, match="island"):
        Topology(nodes=(NodeSpec("island", ()),), internet="island").public_address("island")
