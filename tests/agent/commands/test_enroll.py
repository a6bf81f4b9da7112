"""`enroll`: a token is not spent where the agent could not run."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.agent.laboratory import ROOT, Laboratory

pytestmark = pytest.mark.root


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
