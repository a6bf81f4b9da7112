"""A laboratory for each test that asks for one."""

from collections.abc import Iterator

import pytest

from infra.local.lab import Lab
from infra.local.lab.preflight import obstacles


@pytest.fixture(scope="session")
def capable_machine() -> None:
    """A machine that cannot run the laboratory fails, and never skips."""
    assert obstacles() == []


@pytest.fixture
def lab(capable_machine: None) -> Iterator[Lab]:
    with Lab() as made:
        yield made
