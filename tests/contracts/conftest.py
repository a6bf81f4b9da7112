"""Each store over each engine: the same tests must pass."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.bootstrap import Aws, Outside
from chalicelib.settings import Settings, settings_from
from tests.contracts.tables import ENVIRONMENT, create_tables


@pytest.fixture(params=["memory", "moto"])
def outside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """A fresh, empty set of stores. moto is not atomic under concurrency: one thread only."""
    if request.param == "memory":
        yield MemoryOutside()
        return
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        settings: Settings = settings_from(ENVIRONMENT)
        create_tables(settings)
        yield Aws(settings)
