"""The deployed system, once a session, for the tests that look at it from outside."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from infra.local.stack import LocalStack

settings.register_profile("shared", deadline=None)  # no test depends on seconds
settings.load_profile("shared")

SLOWEST_FIRST = (
    *("console", "stack/test_contract.py", "dataplane/test_agents.py", "dataplane/test_failover.py"),
    *("dataplane/test_cut_off.py", "dataplane", "stack", "agent/test_", "contracts", "dialects"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes take a file after the other, the long ones are not to be the last."""
    items.sort(key=lambda item: next((n for n, begin in enumerate(SLOWEST_FIRST) if _is_in(item, begin)), 99))


def _is_in(item: pytest.Item, place: str) -> bool:
    return item.nodeid.startswith(f"tests/{place}")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The packaged template on a local cloud of the tests' own, on free ports."""
    with LocalStack(tmp_path_factory.mktemp("stack")) as started:
        yield started
