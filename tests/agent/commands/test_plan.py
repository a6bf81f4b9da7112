"""`plan`, against a host and a control plane."""

import json
import os
import subprocess
import sys

import pytest

from tests.agent.builders import (
    NETWORK_ID,
    a_bundle,
    a_peer,
    a_private_key,
    a_public_key,
)
from tests.agent.laboratory import ROOT, Laboratory

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
