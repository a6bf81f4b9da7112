"""The local cloud: MiniStack in a process of its own, on loopback, with its state in a directory."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
START_S = 60
STOP_S = 60


class CloudFailed(Exception):
    """The local cloud did not start: its log says why."""


@dataclass(slots=True)
class Cloud:
    """`directory` keeps the state between starts; one process at a time may use it."""

    directory: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to speak to this cloud as to AWS."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint}

    @property
    def function_log(self) -> Path:
        return self.directory / "functions.log"

    @property
    def rights_noted(self) -> Path:
        """What roles were allowed and refused, since the directory was made: see iam.py."""
        return self.directory / "rights.jsonl"

    def start(self) -> None:
        """Start it and return once it answers.

        Raises:
            CloudFailed: it ended, or did not answer in time.
        """
        state, temporary = self.directory / "state", self.directory / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)  # unpacked code of functions, left by a kill
        for directory in (state, temporary):
            directory.mkdir(parents=True, exist_ok=True)
        self.function_log.write_text("")
        with (self.directory / "cloud.log").open("wb") as log:
            self._process = self._spawn(state, temporary, log)
        end = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise CloudFailed(f"the local cloud did not start: see {self.directory / 'cloud.log'}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it and wait until its state is on disk and its process gone."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self, state: Path, temporary: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "infra.stack.emulator", str(self.function_log), str(self.rights_noted)],
            cwd=Path(__file__).resolve().parents[2],
            env={
                **inherited,
                **self.environment,
                "GATEWAY_PORT": str(self.port),
                "BIND_HOST": "127.0.0.1",
                "AUTH": "true",  # roles may do what their policies say, and no more
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "PERSIST_STATE": "1",
                "STATE_DIR": str(state),
                "TMPDIR": str(temporary),
                "LOG_LEVEL": "WARNING",
                "PYTHONUNBUFFERED": "1",
            },
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the orchestrator, which stops this one in order
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2) as answer:  # noqa: S310 loopback
                return isinstance(json.load(answer), dict)
        except (urllib.error.URLError, OSError, ValueError):
            return False
