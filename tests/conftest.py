"""The deployed system, once a session, for the tests that look at it from outside."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from infra.local.stack import LocalStack

settings.register_profile("shared", deadline=None)  # no test depends on seconds
settings.load_profile("shared")

AT_THE_STACK = ("tests/stack/", "tests/dataplane/")
SLOWEST_FIRST = ("stack", "node", "root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits the longest begins first."""
    items.sort(key=lambda item: next((n for n, mark in enumerate(SLOWEST_FIRST) if item.get_closest_marker(mark)), 9))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return SideBySide(config, log)


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]  # untyped
    """A file a process; but all that looks at the one stack in the same."""

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith(AT_THE_STACK) else nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The packaged template on a local cloud of the tests' own, on free ports."""
    with LocalStack(tmp_path_factory.mktemp("stack")) as started:
        yield started
