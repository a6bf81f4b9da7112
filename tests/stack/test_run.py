"""`make run` as a newcomer meets it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.stack
ROOT = Path(__file__).parents[2]
READY_S = 120
WRITTEN = {"origin", "api_url", "ws_url", "api_token", "agent_command", "commit"} | {
    *("console_url", "issuer", "client_id", "admin_email", "admin_password", "mail_url")
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(directory: Path, port: int, cloud_port: int) -> tuple[list[str], dict[str, str]]:
    own = {"WIRETY_LOCAL": str(directory), "PORT": str(port), "CLOUD_PORT": str(cloud_port)}
    return [sys.executable, "-m", "infra.stack.run"], {**os.environ, **own}


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        arguments, environment = command(tmp_path, taken, free_port())

        done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert f"port {taken} is taken" in done.stderr
    assert "PORT=" in done.stderr


def test_it_runs_in_the_background_shows_itself_and_stops_clean(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "run.log"
    arguments, environment = command(tmp_path / "local", port, free_port())
    with log.open("w") as output:
        running = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        info_file, end = tmp_path / "local" / "wirety.json", time.monotonic() + READY_S
        while not info_file.exists():
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        info = json.loads(info_file.read_text())
        assert requests.get(info["api_url"] + "/health", timeout=30).status_code == 200
        assert info_file.stat().st_mode & 0o777 == 0o600
        assert info.keys() == WRITTEN
        assert not any(info[key].endswith("/") for key in ("origin", "api_url", "ws_url", "console_url"))
        assert requests.get(info["console_url"], timeout=30).headers["Content-Type"].startswith("text/html")
        subprocess.run([info["agent_command"], "--help"], check=True, capture_output=True)

        second = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

        assert second.returncode == 0
        assert info["origin"] in second.stdout
        assert info["admin_email"] in second.stdout
        for secret in ("api_token", "admin_password"):  # for a terminal only
            assert info[secret] not in second.stdout + log.read_text()
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
    assert not info_file.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
