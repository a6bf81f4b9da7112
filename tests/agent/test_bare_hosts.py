"""An agent on hosts that lack what others have."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.encapsulation import Encapsulation
from chalicelib.wire.bundle import Exit, Firewall, Rule
from tests.agent import hosts
from tests.agent.builders import a_bundle, a_peer
from tests.agent.namespace import Namespace
from tests.agent.test_tunnel import INTERFACE, Host

pytestmark = pytest.mark.root

EVERYTHING = ["0.0.0.0/0", "::/0"]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Namespace() as inside:
        made = Host(inside, tmp_path)
        made.tunnel.encapsulation = Encapsulation(made.commands, INTERFACE)
        yield made
        inside.do(made.tunnel.remove)


def a_rule(protocol: str | None, *ports: tuple[int, int], action: str = "allow") -> Rule:
    return Rule(source="tag:web", destination="tag:web", protocol=protocol, ports=list(ports), action=action)


EVERY_KIND_OF_RULE = Firewall(
    forward=True,
    sets={"tag:web": ["10.9.0.3/32"], "internet": ["10.9.0.4/32"]},
    exits=[Exit(cidr="192.168.77.0/24", masquerade=True)],
    rules=[
        *(a_rule(protocol, (80, 80), (8000, 8080)) for protocol in ("tcp", "udp")),
        *(a_rule(protocol, action=action) for protocol in ("tcp", "udp", "icmp", None) for action in ("allow", "deny")),
    ],
)


def test_a_jump_loads_its_policy_where_no_file_names_protocols(host: Host) -> None:
    hosts.without_names_of_protocols(host.inside)
    bundle = a_bundle(peers=[a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])], firewall=EVERY_KIND_OF_RULE)

    made = host.apply(bundle)

    assert made.is_changed
    assert f"table inet {INTERFACE}" in host.inside.sh("nft list tables")
    assert not host.verify(bundle).is_changed


def test_a_host_is_sealed_where_no_file_names_protocols(host: Host) -> None:
    hosts.without_names_of_protocols(host.inside)
    bundle = a_bundle(peers=[a_peer("hub", EVERYTHING)], full_encapsulation=True, resolvers=["10.9.0.1", "fd00:9::1"])

    made = host.apply(bundle)

    assert made.is_changed
    assert f"table inet {INTERFACE}_seal" in host.inside.sh("nft list tables")
    assert not host.verify(bundle).is_changed
