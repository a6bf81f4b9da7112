"""Ports that are taken, and free ones."""

import socket

import pytest

from infra.stack.tcp_ports import PortTaken, claim


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=f"{port}.*CLOUD_PORT="):
            claim(port, "CLOUD_PORT")


def test_port_zero_is_a_free_one() -> None:
    assert claim(0, "PORT") > 0
