"""The whole agent as a process in a namespace, against a control plane on its loopback."""

import json
import signal
import time

import dns.message
import dns.query
import msgspec
import pytest

from agent.adapters.linux.interface import Device
from agent.adapters.linux.tools import Commands
from chalicelib.wire.bundle import Bundle, Dns, Record
from chalicelib.wire.frames import Bye, Hello
from tests.agent.builders import NETWORK_ID, a_bundle, a_peer, a_private_key, a_public_key, a_tombstone
from tests.agent.laboratory import INTERFACE, WITHIN_S, Laboratory, until

pytestmark = pytest.mark.root


def test_an_enrolled_agent_brings_its_tunnel_up_and_reports_it(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()

    laboratory.start()
    origin.wait_for(lambda: origin.applied() and origin.heartbeats())

    assert laboratory.wg("peers") == a_public_key("hub")
    assert origin.applied()[0].ok
    assert origin.enrolled is not None
    assert laboratory.wg("public-key") == origin.enrolled.public_key
    until(lambda: laboratory.status()["is_connected"] is True)
    assert laboratory.status()["revision_applied"] == 1


def test_each_hint_is_in_wireguard_and_reported(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.heartbeats() and origin.applied())

    for revision in range(2, 12):
        origin.change(a_bundle(revision, [a_peer(f"p{revision}", ["10.9.0.9/32"])]))
        origin.wait_for(lambda: origin.has_applied(revision))  # noqa: B023

    assert [frame.revision for frame in origin.applied()] == list(range(1, 12))
    assert laboratory.wg("peers") == a_public_key("p11")


def test_the_tunnel_stands_before_any_contact_after_a_restart(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    agent = laboratory.start()
    origin.wait_for(lambda: origin.applied())
    until(lambda: (laboratory.state / NETWORK_ID / "bundle.jsonl").exists())
    agent.kill()
    agent.wait()
    origin.stop()
    laboratory.inside.sh(f"ip link delete {INTERFACE}")

    laboratory.start()

    until(lambda: laboratory.wg("peers") == a_public_key("hub"))


def test_sigterm_ends_the_agent_and_leaves_the_tunnel(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    agent = laboratory.start()
    origin.wait_for(lambda: origin.has_applied(1))

    agent.send_signal(signal.SIGTERM)

    assert agent.wait(WITHIN_S) == 0
    assert laboratory.wg("peers") == a_public_key("hub")
    assert laboratory.status()["is_running"] is False


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusing_control_plane_is_an_outage_and_is_healed(laboratory: Laboratory, status: int) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    agent = laboratory.start()
    origin.wait_for(lambda: origin.heartbeats())

    origin.fails_with = status
    origin.change(a_bundle(2, [a_peer("late")]))
    time.sleep(0.5)
    assert agent.poll() is None
    assert laboratory.wg("peers") == a_public_key("hub")
    origin.fails_with = None

    origin.wait_for(lambda: origin.has_applied(2), within_s=20)


def test_an_agent_comes_back_to_a_control_plane_that_was_away(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.heartbeats())

    origin.stop()
    time.sleep(1)
    assert laboratory.wg("peers") == a_public_key("hub")
    origin.bundle = a_bundle(2, [a_peer("late")])
    origin.restart()

    origin.wait_for(lambda: origin.has_applied(2), within_s=20)
    assert laboratory.log().count("control_plane_away") == 1


def test_a_deleted_peer_takes_its_tunnel_down_and_says_so(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    agent = laboratory.start()
    origin.wait_for(lambda: origin.heartbeats())

    origin.tombstone = a_tombstone()
    origin.push(Bye(reason="peer_deleted"))

    assert agent.wait(WITHIN_S) == 3
    assert INTERFACE not in laboratory.inside.sh("ip link show")
    again = laboratory.command("run")
    assert again.returncode == 3
    assert "was deleted" in again.stderr
    assert "ended" in laboratory.command("status").stdout


def test_a_peer_deleted_while_its_agent_was_off_ends_at_the_next_start(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    agent = laboratory.start()
    origin.wait_for(lambda: origin.applied())
    agent.kill()
    agent.wait()
    origin.tombstone = a_tombstone()

    assert laboratory.start().wait(WITHIN_S) == 3

    assert INTERFACE not in laboratory.inside.sh("ip link show")


def test_the_tombstone_of_another_peer_is_an_outage(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    agent = laboratory.start()
    origin.wait_for(lambda: origin.heartbeats())

    origin.tombstone = a_tombstone(peer_id="dyn_other")
    origin.push(Bye(reason="peer_deleted"))
    time.sleep(0.5)

    assert agent.poll() is None
    assert laboratory.wg("peers") == a_public_key("hub")


def test_a_second_run_is_refused_while_the_first_lives(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.heartbeats())

    second = laboratory.command("run")

    assert second.returncode == 1
    assert "already runs" in second.stderr


def test_a_wrong_bundle_is_reported_and_the_last_good_one_stays(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.heartbeats())

    origin.change(a_bundle(2, [a_peer("a", ["10.9.0.7/32"]), a_peer("b", ["10.9.0.7/32"])]))
    origin.wait_for(lambda: origin.has_applied(2))

    assert not origin.applied()[-1].ok
    assert "stands twice" in str(origin.applied()[-1].error)
    assert laboratory.wg("peers") == a_public_key("hub")
    origin.change(a_bundle(3, [a_peer("c")]))
    origin.wait_for(lambda: origin.applied()[-1].ok)


def test_no_log_line_holds_a_key_or_a_session(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.heartbeats() and "bundle_applied" in laboratory.log())

    keys = json.loads((laboratory.state / NETWORK_ID / "enrollment.json").read_text())["keys"]
    log = laboratory.log()
    assert not any(secret in log for secret in (keys["private_key"], keys["device_key"], "session-", "Bearer"))
    assert any(isinstance(frame, Hello) for frame in origin.frames)


def test_a_jump_tells_at_once_that_a_peer_moved_though_no_heartbeat_is_due(laboratory: Laboratory) -> None:
    origin, inside = laboratory.origin, laboratory.inside
    phone = a_peer("phone", ["10.9.0.9/32"])
    origin.bundle = a_bundle(revision=1, peers=[phone], listen_port=41000, forward=True)
    origin.heartbeat_interval_s = 3600
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.applied() and origin.heartbeats())
    assert origin.enrolled is not None
    device = Device(Commands(), "wyphone", laboratory.state / "phone.pid")
    inside.do(device.create)
    peer = f"peer {origin.enrolled.public_key} endpoint 127.0.0.1:41000 persistent-keepalive 1 allowed-ips 10.9.0.2/32"
    speak = "echo {} | wg set wyphone private-key /dev/stdin listen-port {} {}"

    inside.sh(speak.format(a_private_key("phone"), 42001, peer) + " && ip link set wyphone up")
    until(lambda: laboratory.wg("endpoints").endswith(":42001"))
    time.sleep(2.5)  # more than two looks: the first handshake is seen, and can wait
    early = [seen for beat in origin.heartbeats() for seen in beat.observations]
    inside.sh(speak.format(a_private_key("phone"), 42002, peer))
    origin.wait_for(lambda: any(beat.observations for beat in origin.heartbeats()))
    inside.do(device.destroy)

    told = [seen for beat in origin.heartbeats() for seen in beat.observations]
    assert early == []
    assert [(seen.peer_id, seen.endpoint) for seen in told] == [("peer_phone", "127.0.0.1:42002")]


def test_a_regular_agent_tells_its_own_handshakes(laboratory: Laboratory) -> None:
    origin, inside = laboratory.origin, laboratory.inside
    device = Device(Commands(), "wyhub", laboratory.state / "hub.pid")
    inside.do(device.create)
    hub = a_peer("hub", ["10.9.0.1/32"], endpoint="127.0.0.1:41000", keepalive=1)
    origin.bundle = a_bundle(revision=1, peers=[hub])
    origin.heartbeat_interval_s = 1
    laboratory.enroll()
    assert origin.enrolled is not None
    peer = f"peer {origin.enrolled.public_key} allowed-ips 10.9.0.2/32"
    inside.sh(f"echo {a_private_key('hub')} | wg set wyhub private-key /dev/stdin listen-port 41000 {peer}")
    inside.sh("ip link set wyhub up")

    laboratory.start()
    origin.wait_for(lambda: any(beat.own_handshakes and beat.own_handshakes.made for beat in origin.heartbeats()))
    inside.do(device.destroy)

    told = [beat.own_handshakes for beat in origin.heartbeats() if beat.own_handshakes]
    own = next(one for one in told if one.made)
    assert {one.peer_id for one in own.made} == {"peer_hub"}
    assert all(one.age_s <= own.watched_s + 1 for one in own.made)


def test_a_jump_answers_for_its_names_as_bundles_change_also_without_its_interface(laboratory: Laboratory) -> None:
    origin, inside = laboratory.origin, laboratory.inside

    def bundle(revision: int, address: str) -> Bundle:
        records = [Record(name="web", addresses=[address])]
        named = Dns(domain="home.internal", resolvers=[], records=records)
        return msgspec.structs.replace(a_bundle(revision, [a_peer("web", [f"{address}/32"])], forward=True), dns=named)

    def answer() -> list[str]:
        query = dns.message.make_query("Web.home.internal", "A")
        said = inside.do(lambda: dns.query.udp(query, "10.9.0.2", WITHIN_S))
        return [item.to_text() for rrset in said.answer for item in rrset]

    origin.bundle = bundle(1, "10.9.0.7")
    laboratory.enroll()
    laboratory.start()
    origin.wait_for(lambda: origin.has_applied(1))
    assert answer() == ["10.9.0.7"]

    origin.change(bundle(2, "10.9.0.8"))
    origin.wait_for(lambda: origin.has_applied(2))
    assert answer() == ["10.9.0.8"]

    inside.sh(f"ip link delete {INTERFACE}")
    origin.change(bundle(3, "10.9.0.9"))  # which finds the interface gone, and makes it again
    origin.wait_for(lambda: origin.has_applied(3))
    assert answer() == ["10.9.0.9"]

    origin.change(a_bundle(revision=4))
    origin.wait_for(lambda: origin.has_applied(4))
    assert inside.sh("ss -Hlntu sport = 53 | wc -l").strip() == "0"
