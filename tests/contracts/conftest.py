"""Each store over each engine: the same tests must pass."""

import sys
import uuid
from collections.abc import Iterator

import pytest
from moto import mock_aws

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.bootstrap.aws import Aws
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import CreateNetwork
from chalicelib.domain.network.network import Network
from chalicelib.settings import settings_from
from infra.stack.dynamodb_local import dynamodb_local
from infra.stack.tables import create_tables, drop_tables, environment
from tests.contracts.stores import LAB, commit

DYNAMODB_LOCAL = pytest.param("dynamodb-local", marks=[pytest.mark.root, pytest.mark.node])


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    with dynamodb_local() as url:
        yield url


@pytest.fixture(params=["memory", "moto", DYNAMODB_LOCAL])
def outside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """A fresh, empty set of stores. moto is not atomic under concurrency: one thread only."""
    yield from _engine(request, monkeypatch)


@pytest.fixture(params=["memory", DYNAMODB_LOCAL])
def shared_outside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """A fresh, empty set of stores that many threads may use."""
    yield from _engine(request, monkeypatch)


@pytest.fixture(scope="module", params=["memory", "moto", DYNAMODB_LOCAL])
def lasting_outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    """One set of stores for all tests of a file, which keep out of each other's way. One thread only, as moto."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from _engine(request, monkeypatch)


@pytest.fixture(scope="module", params=[DYNAMODB_LOCAL])
def dynamodb_outside(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """One set of stores for all tests of a file, for what only DynamoDB itself does."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for outside in _engine(request, monkeypatch):
            assert isinstance(outside, Aws)
            yield outside


def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    match request.param:
        case "memory":
            yield from _memory()
        case "moto":
            with mock_aws():
                yield from _aws(environment("test"))
        case _:
            url: str = request.getfixturevalue("dynamodb_local_url")
            yield from _aws({**environment(uuid.uuid4().hex), "AWS_ENDPOINT_URL": url})


def _memory() -> Iterator[Outside]:
    """Threads take turns as often as can be, so that a race shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield MemoryOutside()
    sys.setswitchinterval(interval)


def _aws(variables: dict[str, str]) -> Iterator[Outside]:
    settings = settings_from(variables)
    create_tables(settings)
    yield Aws(settings)
    drop_tables(settings)


@pytest.fixture
def lab(outside: Outside) -> Network:
    commit(outside, LAB, CreateNetwork(LAB))
    return LAB
