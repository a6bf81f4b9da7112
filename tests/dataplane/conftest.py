"""A laboratory for each test that asks for one; a fleet of real agents for those that need it."""

from collections.abc import Iterator

import msgspec
import pytest

from infra.demo.deployment import Deployment, Info
from infra.demo.fleet import Fleet
from infra.lab import Lab
from infra.lab.preflight import obstacles
from infra.stack.local_stack import LocalStack
from tests.dataplane.fleets import a_fleet


@pytest.fixture(scope="session")
def capable_machine() -> None:
    """A machine that cannot run the laboratory fails, and never skips."""
    assert obstacles() == []


@pytest.fixture
def lab(capable_machine: None) -> Iterator[Lab]:
    with Lab() as made:
        yield made


@pytest.fixture(scope="session")
def deployment(stack: LocalStack) -> Deployment:
    return Deployment.of(msgspec.convert(stack.info, Info))


@pytest.fixture
def fleet(lab: Lab, deployment: Deployment) -> Iterator[Fleet]:
    """A jump and two sites behind NAT, enrolled and connected, with handshakes."""
    with a_fleet(lab, deployment) as raised:
        yield raised
