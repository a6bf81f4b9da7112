"""plan, run --once and leave as processes in a namespace, against a control plane on its loopback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import msgspec
import pytest

from agent.adapters.files.bundle_files import Trial
from chalicelib.wire.bundle import Dns, Record
from chalicelib.wire.codec import encode
from tests.agent.builders import (
    NETWORK_ID,
    PEER_ID,
    a_bundle,
    a_peer,
    a_private_key,
    a_public_key,
    a_tombstone,
    received,
)
from tests.agent.test_run import INTERFACE, ROOT, WITHIN_S, Laboratory, laboratory, until

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


def sealed_once(laboratory: Laboratory) -> Path:
    """A host that sent everything through its tunnel, as it is right after its next boot; the seal on its disk."""
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh("nft flush ruleset")
    return laboratory.state / NETWORK_ID / f"{INTERFACE}_seal.nft"


def test_a_host_is_sealed_whatever_became_of_the_other_files_of_its_enrolment(laboratory: Laboratory) -> None:
    ready = sealed_once(laboratory)
    for file in [*ready.parent.glob("*.json*"), ready.parent / "tombstone.json"]:
        file.write_text("{")

    sealed = laboratory.command("seal")

    assert (sealed.returncode, sealed.stderr) == (0, "")
    assert "chain hold" in laboratory.inside.sh(f"nft list table inet {INTERFACE}_seal")


def test_a_host_that_gives_its_local_network_up_does_so_at_its_next_boot_too(laboratory: Laboratory) -> None:
    ready = sealed_once(laboratory)
    lan = [ready.read_text()]

    laboratory.command("run", "--once", "--no-lan")
    lan.append(ready.read_text())
    planned = [laboratory.command("plan", "--no-lan").stdout, laboratory.command("plan").stdout]

    assert ["@local_v4 accept" in text for text in lan] == [True, False]
    assert ["nothing to do" in text for text in planned] == [True, False]


@pytest.mark.parametrize("damage", ["", "{", "table inet"])
def test_a_seal_that_is_damaged_shuts_the_host_and_says_so(laboratory: Laboratory, damage: str) -> None:
    ready = sealed_once(laboratory)
    ready.write_text(f"table inet {INTERFACE}_seal\n" if damage == "table inet" else damage)

    sealed = laboratory.command("seal")
    shut = laboratory.inside.sh(f"nft list table inet {INTERFACE}_seal")
    again = laboratory.command("run", "--once")

    assert sealed.returncode == 1
    assert f"{INTERFACE}_seal is damaged" in sealed.stderr
    assert ("chain hold" in shut, "@local_v4 accept" in shut) == (True, False)
    assert again.returncode == 0
    assert "@local_v4 accept" in laboratory.inside.sh(f"nft list table inet {INTERFACE}_seal")


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
    assert json.loads(left.stdout) == {**ids, "is_told": True, "reason": None, "settings": []}
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


def is_up(laboratory: Laboratory) -> bool:
    return INTERFACE in laboratory.inside.sh("ip link show")


def test_a_running_agent_takes_its_tunnel_down_and_up_again_as_it_is_told(laboratory: Laboratory) -> None:
    laboratory.enroll()
    agent = laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    until(lambda: laboratory.wg("peers") == a_public_key("hub"))

    down = laboratory.command("down")
    downed = (down.returncode, is_up(laboratory), agent.poll())
    status = laboratory.status()
    checked = laboratory.command("status", "--check")
    up = laboratory.command("up")
    until(lambda: laboratory.status()["is_connected"] is True)

    assert downed == (0, False, None), down.stderr
    assert (status["is_down"], status["is_running"], status["pid"]) == (True, True, agent.pid)
    assert (checked.returncode, "wirety-agent up" in checked.stdout) == (1, True)
    assert (up.returncode, up.stdout) == (0, f"{INTERFACE} is up\n")
    assert laboratory.wg("peers") == a_public_key("hub")
    assert agent.poll() is None
    assert laboratory.command("status", "--check").returncode == 0


def test_what_is_down_stays_down_when_the_service_starts_again(laboratory: Laboratory) -> None:
    laboratory.enroll()
    first = laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    laboratory.command("down")
    first.send_signal(signal.SIGTERM)
    stopped = first.wait(WITHIN_S)

    second = laboratory.start()
    until(lambda: laboratory.log().count("tunnel_left_down") == 2)
    once = laboratory.command("run", "--once")
    second.kill()
    second.wait(WITHIN_S)
    alone = laboratory.command("run", "--once", "--json")

    assert stopped == 0
    assert not is_up(laboratory)
    assert "already runs" in once.stderr
    assert (alone.returncode, json.loads(alone.stderr.splitlines()[-1])["error"]["code"]) == (1, "taken_down")


def test_down_and_up_do_the_work_themselves_where_no_agent_runs(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")

    down = laboratory.command("down", "--json")
    downed = is_up(laboratory)
    up = laboratory.command("up")

    assert json.loads(down.stdout) == {"network_id": NETWORK_ID, "interface": INTERFACE, "is_sealed": False}
    assert not downed
    assert (up.returncode, laboratory.wg("peers")) == (0, a_public_key("hub"))
    assert "revision 1 is in force, changed" in up.stdout
    assert "no agent runs here" in up.stderr


@pytest.mark.parametrize("keeps_seal", [True, False])
def test_a_sealed_host_is_opened_by_down_unless_it_is_to_stay_sealed(laboratory: Laboratory, keeps_seal: bool) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    laboratory.command("run", "--once")

    down = laboratory.command("down", *(["--keep-seal"] if keeps_seal else []))
    is_sealed = f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")
    laboratory.inside.sh("nft flush ruleset")
    laboratory.command("seal")  # as at the next boot
    is_sealed_at_boot = f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")
    laboratory.command("up")

    assert (down.returncode, is_sealed, is_sealed_at_boot) == (0, keeps_seal, keeps_seal), down.stderr
    assert ("stays sealed" if keeps_seal else "in the clear") in down.stdout
    assert f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")
    assert "nothing to do" in laboratory.command("plan").stdout
    laboratory.command("leave", "--local")


def test_leaving_ends_a_guard_that_stands_in_for_an_agent_that_was_killed(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    trial = laboratory.state / NETWORK_ID / "trial.json"
    trial.write_bytes(encode(Trial(chain=[received(a_bundle(2))], refused=None)))
    laboratory.origin.fails_with = 503
    command = [sys.executable, "-m", "agent", "guard", "--state-dir", str(laboratory.state)]
    guard = laboratory.inside.do(lambda: subprocess.Popen(command, cwd=ROOT, text=True))
    laboratory.agents.append(guard)
    until(lambda: str(guard.pid) in (laboratory.state / NETWORK_ID / "lock").read_text())

    left = laboratory.command("leave", "--local")

    assert left.returncode == 0, left.stderr
    assert guard.wait(WITHIN_S) == 0
    assert files(laboratory) == []


def test_several_enrolments_are_shown_one_after_the_other(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    other = laboratory.state / "net_2" / "enrollment.json"
    other.parent.mkdir()
    other.write_text((laboratory.state / NETWORK_ID / "enrollment.json").read_text().replace(NETWORK_ID, "net_2"))

    shown = json.loads(laboratory.command("status", "--json").stdout)
    text = laboratory.command("status").stdout
    other.write_text("{")
    with_damage = laboratory.command("status", "--json")

    assert [one["network_id"] for one in shown["enrollments"]] == [NETWORK_ID, "net_2"]
    assert text.count("agent         not running") == 2
    assert with_damage.returncode == 1
    assert [one["network_id"] for one in json.loads(with_damage.stdout)["enrollments"]] == [NETWORK_ID]
    assert "net_2" in json.loads(with_damage.stderr)["error"]["message"]


def test_a_plan_warns_of_the_ssh_session_that_it_would_end(laboratory: Laboratory) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    words = [sys.executable, "-m", "agent", "plan", "--fetch", "--state-dir", str(laboratory.state)]
    ssh = {**os.environ, "SSH_CONNECTION": "203.0.113.7 50022 192.168.1.5 22"}

    # as by sudo, which hands the variable to its child no more
    shell = ["sh", "-c", 'env -u SSH_CONNECTION "$@"; exit $?', "sh", *words]
    planned = laboratory.inside.do(lambda: subprocess.run(shell, cwd=ROOT, env=ssh, capture_output=True, text=True))
    elsewhere = laboratory.command("plan", "--fetch", "--json")

    assert planned.returncode == 0, planned.stderr
    assert "WARNING: this ends the SSH session from 203.0.113.7" in planned.stdout
    assert json.loads(elsewhere.stdout)["warnings"] == []


def test_peers_are_listed_and_pinged_by_name(laboratory: Laboratory) -> None:
    """The tunnel ends nowhere: nobody answers."""
    dns = Dns(domain="home.internal", resolvers=[], records=[Record(name="laptop", addresses=["10.9.0.7"])])
    bundle = a_bundle(1, [a_peer("laptop", ["10.9.0.7/32"])], forward=True)
    laboratory.origin.bundle = msgspec.structs.replace(bundle, dns=dns)
    laboratory.enroll()
    early = laboratory.command("peers")
    laboratory.command("run", "--once")

    table = laboratory.command("peers").stdout.splitlines()
    rows = json.loads(laboratory.command("peers", "--json").stdout)["peers"]
    pinged = laboratory.command("ping", "laptop", "--count", "2", "--timeout", "0.2", "--json")
    said = laboratory.command("ping", "peer_laptop", "--count", "1", "--timeout", "0.1")
    unknown = laboratory.command("ping", "nobody")
    own = laboratory.command("ping", "127.0.0.1", "--count", "1", "--timeout", "0.1")

    assert (early.returncode, "no bundle yet" in early.stderr) == (1, True)
    assert table[0].split() == ["NAME", "ID", "ADDRESS", "ROLE", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT"]
    assert table[2].split()[:4] == ["laptop", "peer_laptop", "10.9.0.7", "client"]
    assert [(row["role"], row["peer_id"]) for row in rows] == [("self", PEER_ID), ("client", "peer_laptop")]
    answer = json.loads(pinged.stdout)
    assert (pinged.returncode, answer["address"], answer["sent"], answer["lost"]) == (1, "10.9.0.7", 2, 100.0)
    assert "1 sent, 0 answered, 100 % lost" in said.stdout
    assert (unknown.returncode, "wirety-agent peers" in unknown.stderr) == (1, True)
    assert own.returncode == 1  # an echo to loopback goes through no tunnel


def test_a_service_is_installed_for_this_executable(laboratory: Laboratory, tmp_path: Path) -> None:
    inside = laboratory.inside
    refused = laboratory.command("install-service", "--dry-run")
    inside.sh("mkdir -p /run/systemd/system /run/bin /etc/systemd && mount -t tmpfs tmpfs /etc/systemd")
    for name, text in {"wirety-agent": "", "systemctl": 'echo "$*" >> /run/called'}.items():
        inside.do(lambda: Path(f"/run/bin/{name}").write_text(f"#!/bin/sh\n{text}\n"))  # noqa: B023
        inside.sh(f"chmod 755 /run/bin/{name}")
    env = {**os.environ, "PATH": f"/run/bin:{os.environ['PATH']}"}
    words = [sys.executable, "-m", "agent", "install-service", "--state-dir", str(laboratory.state)]

    def install(*more: str) -> "subprocess.CompletedProcess[str]":
        return inside.do(
            lambda: subprocess.run([*words, *more], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
        )

    dry = install("--dry-run")
    untouched = inside.sh("ls /etc/systemd")
    done = install("--json")
    called = inside.sh("cat /run/called").splitlines()
    units = {
        name: inside.sh(f"cat /etc/systemd/system/{name}.service") for name in ("wirety-agent", "wirety-agent-seal")
    }
    laboratory.enroll()
    again = json.loads(install("--json").stdout)

    assert (refused.returncode, "not run by systemd" in refused.stderr) == (1, True)
    assert (dry.returncode, untouched) == (0, ""), dry.stderr
    assert "systemctl enable wirety-agent.service" in dry.stdout
    assert json.loads(done.stdout)["is_started"] is False
    assert called == ["daemon-reload", "enable wirety-agent-seal.service", "enable wirety-agent.service"]
    assert "ExecStart=/run/bin/wirety-agent run" in units["wirety-agent"]
    assert "exec /run/bin/wirety-agent seal" in units["wirety-agent-seal"]
    assert f"ConditionPathExistsGlob=|{laboratory.state}/*/wy*_seal.nft" in units["wirety-agent-seal"]
    assert "ManageForeignRoutes=no" in inside.sh("cat /etc/systemd/networkd.conf.d/wirety.conf")
    for text in units.values():
        assert f"Environment=WIRETY_STATE_DIR={laboratory.state}" in text
        assert "/usr/local/bin" not in text
    assert again["is_started"] is True
    assert again["steps"][-1] == "systemctl enable --now wirety-agent.service"


def test_a_host_that_could_not_run_the_agent_keeps_its_token(laboratory: Laboratory) -> None:
    inside, token = laboratory.inside, "wirety_enroll.net_1:jmp_1.secret"
    laboratory.origin.token = token
    tools = {name: shutil.which(name) for name in ("ip", "wg", "wireguard-go")}
    inside.sh("mkdir -p /run/bin && " + " && ".join(f"ln -s {path} /run/bin/{name}" for name, path in tools.items()))
    words = [sys.executable, "-m", "agent", "enroll", "--server", laboratory.origin.url, "--token", token]

    def enroll(*more: str) -> "subprocess.CompletedProcess[str]":
        place = ["--state-dir", str(laboratory.state)]
        env = {"PATH": "/run/bin"}
        return inside.do(
            lambda: subprocess.run([*words, *place, *more], cwd=ROOT, env=env, capture_output=True, text=True)
        )

    without_nft = enroll("--json")
    inside.sh("rm /run/bin/wireguard-go")
    without_wireguard = enroll()
    asked = laboratory.origin.enrolled
    all_the_same = enroll("--skip-checks")

    assert json.loads(without_nft.stderr)["error"]["code"] == "host_unready"
    assert "nft is not installed: install nftables" in without_nft.stderr
    assert "install wireguard-go" in without_wireguard.stderr
    assert (without_nft.returncode, without_wireguard.returncode, asked) == (1, 1, None)
    assert all_the_same.returncode == 0, all_the_same.stderr


def test_status_writes_nothing_and_is_in_no_agents_way(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh(
        f"mount --bind {laboratory.state} {laboratory.state} && mount -o remount,ro,bind {laboratory.state}"
    )

    shown = laboratory.command("status", "--json")
    checked = laboratory.command("status", "--check")
    laboratory.inside.sh(f"umount {laboratory.state}")

    assert (shown.returncode, json.loads(shown.stdout)["revision_applied"]) == (0, 1), shown.stderr
    assert (checked.returncode, "no agent runs" in checked.stdout) == (1, True)
