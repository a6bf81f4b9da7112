"""A host in a namespace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.namespace import Namespace
from tests.agent.tunnel_host import Host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Namespace() as inside:
        inside.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")  # a new namespace forwards where the machine does
        inside.sh("mount -t proc proc /proc")
        made = Host(inside, tmp_path)
        yield made
        inside.do(made.tunnel.remove)
