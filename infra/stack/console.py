"""The console as built files; built anew only when its sources have changed."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
CACHE = ROOT / "build" / "console"
LOCKED = FRONTEND / "package-lock.json"
INSTALLED = FRONTEND / "node_modules" / ".installed"
INPUTS = (
    "src/**/*",
    "public/**/*",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig*.json",
)
NODE = 20


class ConsoleFailed(Exception):
    """The console could not be built; the message says what is missing."""


def built_console() -> Path:
    """The directory of the built console.

    Raises:
        ConsoleFailed: no Node of the version it takes, or a build that failed.
    """
    made = CACHE / _fingerprint()
    with _alone():
        if not (made / "index.html").exists():
            _install_packages()
            unfinished = made.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            _npm("run", "build", "--", "--outDir", str(unfinished), "--emptyOutDir")
            shutil.rmtree(made, ignore_errors=True)
            unfinished.rename(made)
    return made


def install_packages() -> None:
    """Have the locked packages in node_modules."""
    with _alone():
        _install_packages()


@contextmanager
def _alone() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_packages() -> None:
    _require_node()
    wanted = hashlib.sha256(LOCKED.read_bytes()).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text() == wanted:
        return
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    INSTALLED.write_text(wanted)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted({found for pattern in INPUTS for found in FRONTEND.glob(pattern) if found.is_file()}):
        digest.update(f"{path.relative_to(FRONTEND)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _require_node() -> None:
    node = shutil.which("node")
    version = "" if node is None else subprocess.run([node, "-v"], capture_output=True, text=True).stdout.strip()
    major = version.lstrip("v").partition(".")[0]
    if not major.isdecimal() or int(major) < NODE or shutil.which("npm") is None:
        found = f"node {version}" if version else "none"
        raise ConsoleFailed(f"the console is built with Node {NODE} or newer and npm; found: {found}")


def _npm(*arguments: str) -> None:
    done = subprocess.run(["npm", *arguments], cwd=FRONTEND, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise ConsoleFailed(f"npm {arguments[0]} failed: {(done.stdout + done.stderr).strip()[-1500:]}")
