"""The deployed system, once a session, for the tests that look at it from outside."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from infra.local.stack import LocalStack

settings.register_profile("shared", deadline=None)  # no test depends on seconds
settings.load_profile("shared")

SLOWEST_FIRST = ("stack", "node", "root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits the longest begins first."""
    items.sort(key=lambda item: next((n for n, mark in enumerate(SLOWEST_FIRST) if item.get_closest_marker(mark)), 9))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The packaged template on a local cloud of the tests' own, on free ports."""
    with LocalStack(tmp_path_factory.mktemp("stack")) as started:
        yield started
