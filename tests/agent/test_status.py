"""What `status` shows."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from agent.core import initial
from agent.ports import Made
from agent.received import Version
from agent.state import Following, Link, Socket
from agent.status import Status, of_state, text
from tests.agent.builders import NETWORK_ID, PEER_ID

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
