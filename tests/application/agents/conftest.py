"""A network of two jumps."""

import pytest

from tests.application.agents.failover_site import Site, a_site
from tests.world import World


@pytest.fixture
def site() -> Site:
    return a_site(World())
