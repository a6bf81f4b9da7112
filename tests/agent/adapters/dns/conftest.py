"""A DNS server with its resolvers."""

from collections.abc import Iterator

import pytest

from agent.adapters.dns import upstream as dns_upstream
from agent.adapters.dns.questions import Questions
from agent.adapters.dns.server import DnsServer
from agent.adapters.dns.upstream import Upstream
from tests.agent.adapters.dns.bench import FIRST, SECOND, Bench, a_free_port, zone
from tests.agent.adapters.resolver import FakeResolver


@pytest.fixture
def bench() -> Iterator[Bench]:
    with FakeResolver(FIRST) as first, FakeResolver(SECOND, first.port) as second:
        port = a_free_port()
        desk = Questions(upstream=Upstream(port=first.port))
        server = DnsServer(desk, port)
        server.serve(zone())
        yield Bench(server, desk, port, first, second)
        server.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_upstream, "TRY_S", 0.2)
