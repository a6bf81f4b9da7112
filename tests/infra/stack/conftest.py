"""A CDN on loopback before the REST function and a server of sockets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.stack.cdn_template import TEMPLATE, cdn_of, template_of
from infra.stack.front import Front, Upstream
from infra.stack.pages import Pages
from infra.stack.tcp_ports import free_port
from tests.agent.origin import Origin
from tests.gateway import Gateway
from tests.infra.stack.fronts import Change, as_it_is, ws
from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    with Gateway() as made:
        yield made


@pytest.fixture
def sockets() -> Iterator[Origin]:
    """An API of sockets, of which a session is asked."""
    with Origin("net_1", "dyn_1") as made:
        yield made


@pytest.fixture
def front(gateway: Gateway, sockets: Origin, tmp_path: Path) -> Iterator[Callable[[Change], str]]:
    """Opens fronts by the template, once changed, before the world's API; answers their origins."""
    (tmp_path / "index.html").write_text("page")
    opened: list[Front] = []

    def open_one(change: Change) -> str:
        template = template_of(TEMPLATE.read_text())
        change(template)
        cdn = cdn_of(template, {"OriginSecret": "origin"})
        port = free_port()
        opened.append(Front(port, Upstream(gateway.url, ws(sockets.url), cdn, {}, Pages(tmp_path, []))))
        opened[-1].start()
        return f"http://127.0.0.1:{port}"

    yield open_one
    for one in opened:
        one.stop()


@pytest.fixture
def origin(front: Callable[[Change], str]) -> str:
    return front(as_it_is)
