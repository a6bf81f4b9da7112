"""What `status` shows."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from agent.bundle.received import Version
from agent.core.state import Following, Homes, Link, Socket, Trial
from agent.core.status import LISTED, Status, StatusDns, of_state, peers_of, text, with_problems
from agent.core.step import initial
from agent.core.trial_window import Window
from agent.host.results import ApplyResult
from agent.host.roster import Listed
from agent.host.tunnel.live import ALIVE_S, PeerTraffic
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_public_key, fetched

BLANK = Status(
    network_id=NETWORK_ID, peer_id=PEER_ID, interface="wy00000001", server="http://10.0.0.1", insecure=True, pid=1
)
LISTED_A = Listed("laptop", "dyn_a", ("10.9.0.7",), a_public_key("a"), "direct")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_status_holds_what_the_agent_knows() -> None:
    following = Following(
        wanted=Version(0, 7), applied=Version(0, 6), made=ApplyResult(is_changed=True, conflicts=("192.168.1.0/24",))
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
    following = Following(made=ApplyResult(is_changed=False, forbidden=("chain FORWARD drops",)))

    status = of_state(BLANK, replace(initial(NETWORK_ID, PEER_ID, "i"), following=following), AT)

    assert status.forward_conflict == ["chain FORWARD drops"]
    assert "chain FORWARD drops" in text(status)


def test_a_jump_that_cannot_serve_names_says_why() -> None:
    made = ApplyResult(is_changed=True, names_error="port 53 is not free")
    state = replace(initial(NETWORK_ID, PEER_ID, "i"), following=Following(made=made))

    status = of_state(BLANK, state, AT)

    assert status.names_error == "port 53 is not free"
    assert "port 53 is not free" in text(status)


def test_a_tunnel_without_its_ipv6_and_prefixes_left_to_the_host_are_said_with_why() -> None:
    made = ApplyResult(
        is_changed=True, lacks_ipv6="IPv6 is off", conflicts=("10.0.0.0/8 holds x", "10.50.0.0/16 has y")
    )
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
        PeerTraffic(a_public_key("a"), "203.0.113.1:1", 1000.0, rx=1, tx=2),
        PeerTraffic(a_public_key("b"), None, 0, rx=0, tx=0),
        PeerTraffic(a_public_key("c"), None, 2000.0, rx=0, tx=0),  # a clock that went back
    ]

    first, never, future = peers_of(seen, {a_public_key("a"): LISTED_A}, now_s=1042.4)

    assert (first.peer_id, first.handshake_age_s, first.endpoint) == ("dyn_a", 42, "203.0.113.1:1")
    assert (first.title, first.role) == ("laptop (dyn_a)", "direct")
    assert (never.peer_id, never.handshake_age_s) == (None, None)
    assert future.handshake_age_s == 0


def test_the_text_counts_peers_and_names_the_liveliest() -> None:
    seen = [PeerTraffic(a_public_key(str(n)), None, 1000.0 - n, rx=0, tx=0) for n in range(LISTED + 5)]
    shown = msgspec.structs.replace(BLANK, peers=peers_of(seen, {}, now_s=1000.0 + ALIVE_S - 1))

    lines = text(shown).splitlines()

    assert f"{LISTED + 5}, 1 with a handshake" in text(shown)
    assert len([line for line in lines if "handshake" in line and " at " in line]) == LISTED
    assert a_public_key("0") in lines[-LISTED - 1]
    assert "and 5 more: wirety-agent peers" in lines[-1]


def test_a_status_tells_of_the_trial_the_refusal_and_the_home_that_is_left() -> None:
    trial = Trial(fetched(a_bundle(8)), Window(left_s=60.0, looked_at_s=0.0))
    following = Following(applied=Version(0, 8), trial=trial, refused=Version(0, 7), refusal="it cut this host off")
    state = replace(
        initial(NETWORK_ID, PEER_ID, "i"),
        following=following,
        homes=Homes(order=("jmp_1", "jmp_2"), moved=frozenset({"jmp_1"})),
    )

    status = of_state(BLANK, state, AT)
    shown = text(msgspec.structs.replace(status, home_name="berlin"))

    assert (status.revision_on_trial, status.revision_refused, status.home) == (8, 7, "jmp_2")
    assert "8 is on trial" in shown
    assert "revision 7: it cut this host off" in shown
    assert "berlin (jmp_2)" in shown


GOOD = msgspec.structs.replace(BLANK, is_connected=True, revision_applied=3, revision_wanted=3)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_running": False, "is_connected": False}, "no agent runs"),
        ({"is_connected": False}, "not connected"),
        ({"is_down": True, "is_connected": False}, "wirety-agent up"),
        ({"is_blocked": True}, "blocks this peer"),
        ({"awaits_approval": True}, "approves it"),
        ({"revision_refused": 2, "refusal": "a key stands twice"}, "a key stands twice"),
        ({"revision_wanted": 4, "last_error": "no space"}, "no space"),
        ({"deleted_at": AT, "is_running": False}, "deleted"),
        ({"seal": "missing"}, "not sealed"),
    ],
)
def test_a_health_check_minds_one_thing_at_a_time(changes: dict[str, object], problem: str) -> None:
    assert with_problems(GOOD).problems == []

    (found,) = with_problems(msgspec.structs.replace(GOOD, **changes)).problems

    assert problem in found


def test_a_revision_that_is_being_fetched_is_no_problem() -> None:
    assert with_problems(msgspec.structs.replace(GOOD, revision_wanted=4)).problems == []


def test_a_seal_that_is_gone_is_told_and_one_that_was_opened_by_hand_too() -> None:
    gone = msgspec.structs.replace(GOOD, seal="missing")

    assert "MISSING" in text(gone)
    assert "in the clear" in text(msgspec.structs.replace(gone, is_down=True))


def test_the_text_says_who_is_asked_for_names_and_who_is_blocked() -> None:
    asked = StatusDns(domain="home.internal", resolvers=["10.9.0.1"], is_served=False)

    shown = text(msgspec.structs.replace(GOOD, dns=asked, is_blocked=True, addresses=["10.9.0.2/24"], name="laptop"))

    assert "home.internal, asked of 10.9.0.1" in shown
    assert f"laptop ({PEER_ID}), BLOCKED" in shown
    assert "10.9.0.2/24" in shown
