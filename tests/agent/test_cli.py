"""plan, run --once and leave as processes in a namespace, against a control plane on its loopback."""

import json
import urllib.request

import pytest

from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_private_key, a_public_key, a_tombstone
from tests.agent.test_run import INTERFACE, Laboratory, laboratory, until

__all__ = ["laboratory"]  # a fixture
pytestmark = pytest.mark.root


def test_a_plan_is_made_of_the_steps_that_run_then_takes_and_is_empty_afterwards(laboratory: Laboratory) -> None:
    laboratory.enroll()
    without_bundle = laboratory.command("plan")
    fetched = laboratory.command("plan", "--fetch", "--json")

    done = laboratory.command("run", "--once")
    again = laboratory.command("plan")

    assert (without_bundle.returncode, fetched.returncode, done.returncode, again.returncode) == (1, 0, 0, 0)
    assert "--fetch" in without_bundle.stderr
    steps = [step["step"] for step in json.loads(fetched.stdout)["steps"]]
    assert steps == ["create_interface", "configure", "network"]
    assert "revision 1 is in force, changed" in done.stdout
    assert "nothing to do" in again.stdout


def test_a_plan_of_a_newer_bundle_changes_nothing_and_holds_no_secret(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")
    psk = a_private_key("psk")
    origin.bundle = a_bundle(2, [a_peer("new", ["10.9.0.9/32"], preshared_key=psk)])

    plans = [laboratory.command("plan", "--fetch"), laboratory.command("plan", "--fetch", "--json")]
    from_disk = laboratory.command("plan")

    assert "remove 1 peer" in plans[0].stdout
    assert "peer_new (new)" in plans[0].stdout
    assert "nothing to do" in from_disk.stdout
    assert laboratory.wg("peers") == a_public_key("hub")
    kept = json.loads((laboratory.state / NETWORK_ID / "enrollment.json").read_text())["keys"]
    keys = (kept["private_key"], kept["device_key"])
    assert not any(secret in plan.stdout + plan.stderr for plan in plans for secret in (psk, *keys, "session-"))


def test_a_plan_shows_the_seal_and_its_end_and_neither_where_they_are_made(laboratory: Laboratory) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    sealing = laboratory.command("plan", "--fetch")
    laboratory.command("run", "--once")
    sealed = laboratory.command("plan")
    laboratory.origin.bundle = a_bundle(2, [a_peer("hub", ["10.9.0.1/32"])])
    unsealing = laboratory.command("plan", "--fetch", "--json")
    laboratory.command("run", "--once")
    unsealed = laboratory.command("plan")

    assert "1. seal this host" in sealing.stdout, sealing.stderr
    assert "nothing to do" in sealed.stdout
    assert [step["step"] for step in json.loads(unsealing.stdout)["steps"]][-1] == "unseal"
    assert "nothing to do" in unsealed.stdout


def test_a_plan_of_a_jump_names_the_firewalls_that_it_opens(laboratory: Laboratory) -> None:
    laboratory.origin.bundle = a_bundle(1, [a_peer()], forward=True)
    laboratory.enroll()
    laboratory.inside.sh("nft 'table inet mine { chain f { type filter hook forward priority 0; policy drop; }; }'")
    managing = laboratory.command("plan", "--fetch", "--manage-forward", "--json")
    laboratory.command("run", "--once", "--manage-forward")
    managed = laboratory.command("plan", "--manage-forward")
    leaving = laboratory.command("plan")

    opened = [step["commands"] for step in json.loads(managing.stdout)["steps"] if step["step"] == "open_foreign"]
    assert opened == [["chain f of table inet mine"]]
    assert "nothing to do" in managed.stdout
    assert "other firewalls" not in leaving.stdout


def test_run_once_reports_and_ends_and_a_second_one_has_nothing_to_do(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    first = laboratory.command("run", "--once")
    reports = origin.applied()
    second = laboratory.command("run", "--once")

    assert (first.returncode, second.returncode) == (0, 0)
    assert [(report.revision, report.ok) for report in reports] == [(1, True)]
    assert "revision 1 is in force, nothing to do" in second.stdout
    assert origin.frames == []  # no socket was opened


def test_run_once_without_the_control_plane_stands_on_the_last_good_bundle(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh(f"ip link delete {INTERFACE}")
    laboratory.origin.stop()

    done = laboratory.command("run", "--once")

    assert done.returncode == 4
    assert "no answer from the control plane" in done.stderr
    assert "revision 1 is in force" in done.stderr
    assert laboratory.wg("peers") == a_public_key("hub")


def test_run_once_of_a_wrong_bundle_says_so_reports_it_and_keeps_the_good_one(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")
    origin.bundle = a_bundle(2, [a_peer("a", ["10.9.0.7/32"]), a_peer("b", ["10.9.0.7/32"])])

    done = laboratory.command("run", "--once")

    assert done.returncode == 1
    assert "stands twice" in done.stderr
    assert not origin.applied()[-1].ok
    assert laboratory.wg("peers") == a_public_key("hub")


def test_run_once_of_a_deleted_peer_takes_its_tunnel_down(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.origin.tombstone = a_tombstone()

    planned = laboratory.command("plan", "--fetch")
    kept = laboratory.wg("peers")
    done = laboratory.command("run", "--once")

    assert (planned.returncode, done.returncode) == (3, 3)
    assert kept == a_public_key("hub")
    assert INTERFACE not in laboratory.inside.sh("ip link show")


def test_run_once_is_refused_while_an_agent_runs_and_plan_is_not(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    until(lambda: (laboratory.state / NETWORK_ID / "bundle.jsonl").exists())

    assert "already runs" in laboratory.command("run", "--once").stderr
    assert "nothing to do" in laboratory.command("plan").stdout


def files(laboratory: Laboratory) -> list[str]:
    return sorted(str(path.relative_to(laboratory.state)) for path in laboratory.state.glob("*/*"))


def test_who_leaves_revokes_its_key_takes_the_tunnel_down_and_forgets_the_enrolment(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")

    done = laboratory.command("leave")
    again = laboratory.command("leave")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr
    assert origin.left is not None
    assert origin.enrolled is not None
    assert origin.left.device_key == origin.enrolled.device_key
    assert INTERFACE not in laboratory.inside.sh("ip link show; nft list tables; ls /run/wireguard")
    assert files(laboratory) == []
    assert "nothing to leave" in again.stdout


def test_leaving_without_the_control_plane_changes_nothing_unless_forced(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    kept = files(laboratory)
    laboratory.origin.fails_with = 503

    refused = laboratory.command("leave")
    as_before = (laboratory.wg("peers"), files(laboratory))
    forced = laboratory.command("leave", "--force")

    assert (refused.returncode, forced.returncode) == (4, 0)
    assert "nothing was changed" in refused.stderr
    assert as_before == (a_public_key("hub"), kept)
    assert "was not told" in forced.stdout
    assert files(laboratory) == []
    assert INTERFACE not in laboratory.inside.sh("ip link show")


def test_a_lost_answer_to_leaving_is_made_good_by_the_same_command(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")
    origin.loses_leave = True

    lost = laboratory.command("leave")
    kept = laboratory.wg("peers")
    done = laboratory.command("leave")

    assert (lost.returncode, done.returncode) == (4, 0)
    assert kept == a_public_key("hub")
    assert files(laboratory) == []


def test_a_jump_whose_key_stands_in_files_stays_unless_they_may_be_void(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.origin.files_named = True

    refused = laboratory.command("leave", "--force")
    done = laboratory.command("leave", "--void-files")

    assert (refused.returncode, done.returncode) == (1, 0)
    assert "--void-files" in refused.stderr
    assert files(laboratory) == []


def test_leaving_is_refused_while_an_agent_runs(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))

    refused = laboratory.command("leave")

    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert laboratory.origin.left is None


def test_the_host_of_a_deleted_peer_forgets_it_by_leaving(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.origin.tombstone = a_tombstone()
    laboratory.command("run", "--once")

    assert laboratory.command("leave").returncode == 0

    assert files(laboratory) == []


def test_a_running_agent_shows_its_peers_and_its_metrics_where_it_is_asked_to(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.start("--metrics-port", "9101")
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    until(lambda: laboratory.status()["is_connected"] is True)

    status = laboratory.status()
    metrics = laboratory.inside.do(lambda: urllib.request.urlopen("http://127.0.0.1:9101/").read().decode())

    assert [peer["peer_id"] for peer in status["peers"]] == ["peer_hub"]  # type: ignore[attr-defined]
    assert status["peers"][0]["handshake_age_s"] is None  # type: ignore[index]
    assert "wirety_agent_connected 1.0" in metrics
    assert "process_resident_memory_bytes" in metrics


@pytest.mark.parametrize("is_full", [True, False])
def test_a_host_that_sends_everything_into_the_tunnel_is_sealed_before_there_is_any(
    laboratory: Laboratory, is_full: bool
) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"] if is_full else ["10.9.0.1/32"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=is_full)
    laboratory.enroll()
    without_bundle = laboratory.command("seal")
    nothing = laboratory.inside.sh("nft list tables")
    laboratory.command("run", "--once")
    laboratory.inside.sh("nft flush ruleset")

    sealed = laboratory.command("seal")
    tables = laboratory.inside.sh("nft list tables")
    left = laboratory.command("leave", "--local")

    assert (without_bundle.returncode, sealed.returncode, left.returncode) == (0, 0, 0), sealed.stderr + left.stderr
    assert (nothing, "sealed" in sealed.stdout, f"{INTERFACE}_seal" in tables) == ("", is_full, is_full)
    assert laboratory.inside.sh("nft list tables") == ""


def test_a_damaged_enrolment_does_not_leave_another_unsealed_and_is_told(laboratory: Laboratory) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh("nft flush ruleset")
    damaged = laboratory.state / "a-network" / "enrollment.json"
    damaged.parent.mkdir()
    damaged.write_text("{")

    sealed = laboratory.command("seal")

    assert sealed.returncode == 1
    assert "a-network" in sealed.stderr
    assert f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")


def test_scripts_get_one_json_object_from_each_step(laboratory: Laboratory) -> None:
    place = ("--server", laboratory.origin.url, "--token", laboratory.origin.token)
    enrolled = laboratory.command("enroll", *place, "--json")
    ran = laboratory.command("run", "--once", "--json")
    left = laboratory.command("leave", "--json")
    nothing = laboratory.command("leave", "--json")

    ids = {"network_id": NETWORK_ID, "peer_id": PEER_ID}
    assert json.loads(enrolled.stdout) == {**ids, "interface": INTERFACE, "server": laboratory.origin.url}
    assert json.loads(ran.stdout) == {
        **ids,
        "generation": 0,
        "revision": 1,
        "is_changed": True,
        "is_on_trial": False,
    }
    assert json.loads(left.stdout) == {**ids, "is_told": True, "reason": None}
    assert json.loads(nothing.stdout)["peer_id"] is None
    assert [done.stderr for done in (enrolled, left, nothing)] == ["", "", ""]
    assert all("event" in json.loads(line) for line in ran.stderr.splitlines())


def test_a_script_gets_what_stands_and_why_it_is_not_enough(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.origin.stop()

    done = laboratory.command("run", "--once", "--json")
    left = laboratory.command("leave", "--json")

    assert (done.returncode, left.returncode, left.stdout) == (4, 4, "")
    assert json.loads(done.stdout)["revision"] == 1
    for failed in (done, left):
        assert json.loads(failed.stderr.splitlines()[-1])["error"]["code"] == "control_plane_away"
