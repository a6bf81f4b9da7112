"""A jump's table in a kernel."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.agent.namespace import Namespace
from tests.agent.taps import WIRE, Jump, a_jump


@pytest.fixture(scope="module")
def jump() -> Iterator[Jump]:
    with Namespace() as inside:
        made = a_jump(inside)
        made.route(ip_network("172.21.0.0/16"), WIRE)
        yield made
