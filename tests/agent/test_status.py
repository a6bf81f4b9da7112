"""What `status` shows."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from agent.core import initial
from agent.ports import Made
from agent.received import Version
from agent.state import Following, Link, Socket
from agent.status import ALIVE_S, LISTED, Status, of_state, peers_of, text
from agent.tunnel.live import Seen
from tests.agent.builders import NETWORK_ID, PEER_ID, a_public_key

BLANK = Status(
    network_id=NETWORK_ID, peer_id=PEER_ID, interface="wy00000001", server="http://10.0.0.1", insecure=True, pid=1
)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_status_holds_what_the_agent_knows() -> None:
    following = Following(
        wanted=Version(0, 7), applied=Version(0, 6), made=Made(is_changed=True, conflicts=("192.168.1.0/24",))
    )
    link = Link(socket=Socket.UP, last_error=None)
    state = replace(initial(NETWORK_ID, PEER_ID, "i"), following=following, link=link)

    status = of_state(BLANK, state, AT)

    assert (status.is_connected, status.revision_applied, status.revision_wanted) == (True, 6, 7)
    assert (status.route_conflict, status.last_contact, status.insecure) == (["192.168.1.0/24"], AT, True)


def test_the_text_says_insecure_and_not_running() -> None:
    shown = text(of_state(msgspec.structs.replace(BLANK, is_running=False), initial(NETWORK_ID, PEER_ID, "i"), None))

    assert "not running" in shown
    assert "INSECURE" in shown
    assert "never" in shown


def test_the_text_says_what_another_firewall_forbids() -> None:
    following = Following(made=Made(is_changed=False, forbidden=("chain FORWARD drops",)))

    status = of_state(BLANK, replace(initial(NETWORK_ID, PEER_ID, "i"), following=following), AT)

    assert status.forward_conflict == ["chain FORWARD drops"]
    assert "chain FORWARD drops" in text(status)


def test_a_jump_that_cannot_serve_names_says_why() -> None:
    made = Made(is_changed=True, names_error="port 53 is not free")
    state = replace(initial(NETWORK_ID, PEER_ID, "i"), following=Following(made=made))

    status = of_state(BLANK, state, AT)

    assert status.names_error == "port 53 is not free"
    assert "port 53 is not free" in text(status)


def test_a_tunnel_without_its_ipv6_and_prefixes_left_to_the_host_are_said_with_why() -> None:
    made = Made(is_changed=True, lacks_ipv6="IPv6 is off", conflicts=("10.0.0.0/8 holds x", "10.50.0.0/16 has y"))
    state = replace(initial(NETWORK_ID, PEER_ID, "i"), following=Following(made=made))

    status = of_state(BLANK, state, AT)
    lines = text(status).splitlines()

    assert status.lacks_ipv6 == "IPv6 is off"
    assert [line.split(maxsplit=2)[2] for line in lines if line.startswith(("left out", "no IPv6"))] == [
        "10.0.0.0/8 holds x",
        "10.50.0.0/16 has y",
        "IPv6 is off",
    ]


def test_peers_are_shown_by_name_with_the_age_of_their_handshakes() -> None:
    seen = [
        Seen(a_public_key("a"), "203.0.113.1:1", 1000.0, rx=1, tx=2),
        Seen(a_public_key("b"), None, 0, rx=0, tx=0),
        Seen(a_public_key("c"), None, 2000.0, rx=0, tx=0),  # a clock that went back
    ]

    first, never, future = peers_of(seen, {a_public_key("a"): "dyn_a"}, now_s=1042.4)

    assert (first.peer_id, first.handshake_age_s, first.endpoint) == ("dyn_a", 42, "203.0.113.1:1")
    assert (never.peer_id, never.handshake_age_s) == (None, None)
    assert future.handshake_age_s == 0


def test_the_text_counts_peers_and_names_the_liveliest() -> None:
    seen = [Seen(a_public_key(str(n)), None, 1000.0 - n, rx=0, tx=0) for n in range(LISTED + 5)]
    shown = msgspec.structs.replace(BLANK, peers=peers_of(seen, {}, now_s=1000.0 + ALIVE_S - 1))

    lines = text(shown).splitlines()

    assert f"{LISTED + 5}, 1 with a handshake" in text(shown)
    assert len([line for line in lines if "handshake" in line and " at " in line]) == LISTED
    assert a_public_key("0") in lines[-LISTED]
