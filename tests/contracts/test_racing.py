"""Two hundred creations at once in a network of 126: each free address once, and a true answer for everybody."""

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.bootstrap.aws import Aws
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import Commit, CreateNetwork
from chalicelib.settings import settings_from
from infra.stack.tables import create_tables, drop_tables, environment
from tests.builders import a_network
from tests.contracts.racing import creation_over, race
from tests.contracts.stores import change

ROOT = Path(__file__).parents[2]
SMALL = a_network("10.1.0.0/25", name="small")
FREE = 126
ASKED = 200
PROCESSES = 4


@pytest.fixture
def variables(dynamodb_local_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An environment of tables on DynamoDB Local."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    own = {**environment(uuid.uuid4().hex), "AWS_ENDPOINT_URL": dynamodb_local_url}
    create_tables(settings_from(own))
    yield own
    drop_tables(settings_from(own))


def assert_each_free_address_was_given_once(outside: Outside, answers: list[int | str]) -> None:
    given = [answer for answer in answers if isinstance(answer, int)]
    assert sorted(given) == list(range(1, FREE + 1))
    assert Counter(answer for answer in answers if isinstance(answer, str)) == {"address_pool_exhausted": ASKED - FREE}
    assert sorted(peer.index for peer in outside.peers.all(SMALL.id)) == sorted(given)
    network = outside.networks.get(SMALL.id)
    assert (network.peers, network.revision) == (FREE, SMALL.revision + FREE)


@pytest.mark.root
@pytest.mark.node
def test_several_processes_over_dynamodb_local(variables: dict[str, str]) -> None:
    outside = Aws(settings_from(variables))
    outside.transactions.commit(Commit(change(SMALL), (CreateNetwork(SMALL),)))
    share = ASKED // PROCESSES

    def run(number: int) -> list[int | str]:
        program = [sys.executable, "-m", "tests.contracts.racing", SMALL.id, str(number * share), str(share)]
        done = subprocess.run(program, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        answers: list[int | str] = json.loads(done.stdout)
        return answers

    with ThreadPoolExecutor(PROCESSES) as pool:
        answers = [answer for part in pool.map(run, range(PROCESSES)) for answer in part]

    assert_each_free_address_was_given_once(outside, answers)


@pytest.mark.parametrize("conflicts", [0.0, 0.3])
def test_threads_over_a_store_that_conflicts_on_purpose(conflicts: float) -> None:
    outside = MemoryOutside(Adversary(7, conflicts=conflicts))
    tables = outside.tables
    tables.networks[SMALL.id] = SMALL

    answers = race(creation_over(outside), SMALL.id, 0, ASKED)

    assert_each_free_address_was_given_once(outside, answers)
