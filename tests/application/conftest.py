"""Use cases run over memory; what they cost is counted over DynamoDB's protocol."""

from collections.abc import Iterator

import pytest

from tests.application.lab import SIZES, Lab, a_lab
from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=SIZES)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with a_lab(request.param) as made:
        yield made
