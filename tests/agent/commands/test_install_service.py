"""`install-service`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.laboratory import ROOT, Laboratory

pytestmark = pytest.mark.root


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
