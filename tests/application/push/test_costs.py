"""What the use cases of what sockets are told cost in requests that leave for DynamoDB."""

from datetime import timedelta

import pytest

from chalicelib.entrypoints import streams
from chalicelib.wire.browser_frames import AccountChanged, NetworkChanged
from tests.application.identity.test_users import a_person, id_of, invited
from tests.application.lab import APPLIED, AUTH, BROWSERS, LIMIT, Lab
from tests.browser import SimulatedBrowser
from tests.builders import a_key
from tests.records import account_record
from tests.world import SimulatedAgent


def test_plan_and_deliver_for_the_jump(lab: Lab) -> None:
    lab.world.api("POST", lab.path, {"kind": "static", "name": "phone", "public_key": a_key("phone")})

    cost = lab.world.counted(lab.world.settle)

    assert cost == {"read": 2 + BROWSERS, "write": 2}  # jumps, sockets; wanted, and who has to apply it
    assert len(lab.hub.hints) == 1


@pytest.mark.parametrize("changes", [1, 2, 25])
def test_plan_of_changes_that_concern_the_jump_costs_as_much_as_of_one(lab: Lab, changes: int) -> None:
    checks = len(lab.world.outside.queue.checks)
    revisions = [phone(lab, f"phone {number}") for number in range(changes)]

    cost = lab.world.counted(lab.world.settle)

    assert cost == {"read": 2 + BROWSERS, "write": 2}  # jumps, sockets; wanted, and who has to apply which
    assert lab.hub.hints == revisions[-1:]
    assert len(lab.world.outside.queue.checks) == checks + 1


def test_plan_of_many_enrolments_writes_once_for_twenty_five(lab: Lab) -> None:
    network, others = lab.path.split("/")[2], 26
    for number in range(others):
        lab.world.agent(network, "dynamic", f"agent {number}").connect()

    cost = lab.world.counted(lab.world.settle)

    assert cost["read"] == 2 + 2 * BROWSERS  # jumps, sockets; and for the news of those that connected
    assert cost["write"] == 2 + 2  # wanted of the jump and 26, who has to apply 26


def phone(lab: Lab, name: str) -> int:
    body = {"kind": "static", "name": name, "public_key": a_key(name)}
    return int(lab.world.api("POST", lab.path, body).json["peer"]["revision"])


def test_plan_of_a_change_that_concerns_nobody(lab: Lab) -> None:
    lab.world.api("POST", lab.path, {"kind": "dynamic", "name": "n"})

    assert lab.world.counted(lab.world.settle) == {"read": BROWSERS}


def test_a_browsers_socket_from_ticket_to_close(lab: Lab) -> None:
    world, browser = lab.world, SimulatedBrowser(lab.world)

    assert world.counted(browser.ask_ticket) == {"read": AUTH, "write": LIMIT + 1}
    assert world.counted(browser.authorize) == {"write": 1}  # the ticket is read as it is taken
    assert world.counted(browser.open) == {
        "read": 1,
        "write": 1,
    }  # the account again; where it may see, and whose it is
    assert world.counted(lambda: browser.send({"type": "heartbeat"})) == {}
    assert world.counted(browser.close) == {"write": 2}


def test_a_report_of_what_was_applied(lab: Lab) -> None:
    failed = {**APPLIED, "revision": 4, "ok": False, "error": "no device"}

    assert lab.world.counted(lambda: lab.left.send(APPLIED)) == {"read": 1, "write": 2}  # presence; report, presence
    assert lab.world.counted(lambda: lab.left.send(APPLIED)) == {"read": 1, "write": 2}  # nothing new
    assert lab.world.counted(lambda: lab.left.send({**APPLIED, "revision": 2})) == {"read": 1}  # history
    # that it concerns the agent is not known: the network, once
    assert lab.world.counted(lambda: lab.left.send({**APPLIED, "revision": 2**40})) == {"read": 2}
    assert lab.world.counted(lambda: lab.left.send(failed)) == {"write": 1}


def test_facts_are_announced_by_the_batch(lab: Lab) -> None:
    browser = SimulatedBrowser(lab.world)
    browser.connect()
    lab.world.settle()
    before = len(browser.frames)
    for _ in range(3):
        lab.world.outside.clock.advance(timedelta(seconds=1))
        lab.left.send(APPLIED)

    # one is a report: what is counted of the revisions that it proves
    assert lab.world.counted(lab.world.settle)["read"] == 1 + BROWSERS
    assert len(browser.frames) == before + 1


def test_a_plan_for_everyone_and_its_browsers(lab: Lab) -> None:
    browser = SimulatedBrowser(lab.world)
    browser.connect()
    lab.world.settle()
    router = lab.world.agent(
        lab.path.split("/")[2], "dynamic", "router", additional_allowed_ips=["192.168.1.0/24"]
    )  # created, which concerns nobody, and enrolled, which concerns everyone

    cost = lab.world.counted(lab.world.settle)

    # whose key is known, sockets of the network; wanted of up to 25 agents, and who they are
    assert cost == {"read": 2 + BROWSERS, "write": 2}
    assert lab.left.hints == lab.hub.hints == [router_revision(lab, router)]
    assert len([frame for frame in browser.frames if isinstance(frame, NetworkChanged)]) == 2


def router_revision(lab: Lab, router: SimulatedAgent) -> int:
    return int(lab.world.api("GET", f"{lab.path}/{router.peer_id}").json["revision"])


def test_a_person_whose_access_changed_is_one_query_and_one_frame_a_socket(lab: Lab) -> None:
    world = lab.world
    invited(world, "ana@example.com")
    browser = SimulatedBrowser(world, token=a_person(world, "ana", email="ana@example.com"))
    browser.connect()
    before = world.outside.users.get(id_of("ana"))

    cost = world.counted(lambda: streams.revoke({"Records": [account_record(before, None)]}))

    assert cost == {"read": 1}
    assert len(world.outside.queue.messages) == 1
    assert world.counted(world.deliver) == {}
    assert browser.frames[-2] == AccountChanged()
