"""Facts that doctor is told of, on hosts that the tests made so."""

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from agent.adapters import examination
from agent.host.firewall.policy import Policy
from agent.host.firewall.ruleset import Surroundings, table
from agent.identity.keys import wireguard_public_key
from tests.agent.builders import a_private_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

INTERFACE = "wy00000001"
JUMPS_TABLE = table(Policy(), Surroundings(INTERFACE, mtu=1420))


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


def test_a_table_that_nft_takes_is_not_loaded_by_asking(namespace: Namespace) -> None:
    assert namespace.do(lambda: examination.refusal(JUMPS_TABLE)) is None
    assert namespace.sh("nft list tables") == ""


def test_a_table_that_nft_does_not_take_is_refused_in_its_words(namespace: Namespace) -> None:
    broken = replace(JUMPS_TABLE, chains=JUMPS_TABLE.chains + "\nchain odd { no such statement\n}")

    refusal = namespace.do(lambda: examination.refusal(broken))

    assert refusal is not None
    assert refusal.startswith("nft -c")


def test_a_peer_that_never_shook_hands_is_said_to_be_so(namespace: Namespace) -> None:
    known, other = (wireguard_public_key(a_private_key(name)) for name in ("known", "other"))
    namespace.sh(
        f" WG_PROCESS_FOREGROUND=1 setsid wireguard-go -f {INTERFACE} >/dev/null 2>&1 & echo $! > /run/pid;"
        f" for _ in $(seq 100); do wg show {INTERFACE} >/dev/null 2>&1 && break; sleep 0.05; done;"
        f" wg set {INTERFACE} peer {known} endpoint 203.0.113.1:51820 peer {other}"
    )
    try:
        (found,) = namespace.do(lambda: examination.handshakes(INTERFACE, {known: "jmp_1"}))
    finally:
        namespace.sh("kill $(cat /run/pid)")

    assert (found.peer_id, found.endpoint, found.age_s) == ("jmp_1", "203.0.113.1:51820", None)


def test_who_holds_a_port_is_named_and_the_agent_itself_is_not(namespace: Namespace) -> None:
    def held() -> tuple[Sequence[str], Sequence[str]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holding:
            holding.bind(("127.0.0.1", 53))
            return examination.held_by_others(53, ("udp",), None), examination.held_by_others(53, ("udp",), os.getpid())

    others, own = namespace.do(held)

    assert len(others) == 1
    assert "127.0.0.1:53" in others[0]
    assert own == []
