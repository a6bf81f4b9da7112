"""The agent as a host would have it: installed alone, in a virtual environment of its own."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "build" / "agent-venv"
INPUTS = ("agent/**/*", "chalicelib/__init__.py", "chalicelib/wire/*.py", "requirements-dev.txt")
LEFTOVERS = ("__pycache__", "build", "dist")


class AgentNotInstalled(Exception):
    """pip could not install the agent; its last lines are in the message."""


def installed_agent() -> Path:
    """Absolute path of `wirety-agent`; installed anew only when the agent has changed.

    Raises:
        AgentNotInstalled: pip failed.
    """
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    environment = ENVIRONMENTS / _fingerprint()
    program = environment / "bin" / "wirety-agent"
    done = environment / ".installed"
    with (ENVIRONMENTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(environment, ignore_errors=True)
            venv.create(environment, with_pip=True, symlinks=True)
            _install(environment)
            done.touch()
    return program


def _install(environment: Path) -> None:
    done = subprocess.run(
        [
            *(str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--constraint", str(ROOT / "requirements-dev.txt")),
            str(ROOT / "agent"),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise AgentNotInstalled("pip could not install the agent: " + done.stderr.strip()[-600:])


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(found for pattern in INPUTS for found in ROOT.glob(pattern)):
        if path.is_file() and not any(part in LEFTOVERS for part in path.parts):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
