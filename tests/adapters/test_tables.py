"""The models' one connection."""

from typing import Any

import pytest

from chalicelib.adapters.dynamodb import tables
from chalicelib.adapters.dynamodb.peer import PeerItem
from chalicelib.adapters.dynamodb.sockets import SocketItem
from chalicelib.settings import settings_from
from infra.stack.tables import environment


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def test_every_model_speaks_through_one_client() -> None:
    connection = tables.bind(settings_from(environment("test")))

    items = [item for _, items in tables.ITEMS for item in items]
    assert {id(item._get_connection().connection.client) for item in items} == {id(connection.client)}
    names = {item._get_connection().get_meta_table().table_name for item in items}
    assert names == {f"test-{table}" for table, _ in tables.ITEMS}


def test_a_function_that_is_told_of_one_table_has_it() -> None:
    tables.bind(settings_from({"AWS_REGION": "eu-west-1", "SOCKETS_TABLE": "the-sockets"}))

    assert SocketItem._get_connection().get_meta_table().range_keyname == "item"
    assert SocketItem._get_connection().table_name == "the-sockets"


def test_a_process_bound_again_speaks_to_the_new_tables() -> None:
    tables.bind(settings_from(environment("old")))

    connection = tables.bind(settings_from(environment("new")))

    assert PeerItem._get_connection().table_name == "new-peers"
    assert PeerItem._get_connection().connection is connection


def test_time_outs_are_shorter_than_a_functions() -> None:
    config: Any = tables.bind(settings_from(environment("test"))).client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 5)
