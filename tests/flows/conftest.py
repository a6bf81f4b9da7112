"""A jump in a network, and what is counted of it."""

import pytest

from chalicelib.entrypoints.rest.routing import signed
from tests.flows.bundles import ROUTES, Counted, a_hub
from tests.world import SimulatedAgent, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def hub(world: World) -> SimulatedAgent:
    return a_hub(world)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """What was counted for alarms."""
    found: Counted = []
    for module in (ROUTES, signed):
        monkeypatch.setattr(module, "count", lambda metric, **fields: found.append((metric, fields)))
    return found
