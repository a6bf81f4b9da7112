"""`make run`: the whole system on this machine until Ctrl-C, or the table of the one that runs already."""

import fcntl
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from chalicelib.settings import InvalidSetting
from infra.content_policy import NoIdentityProvider
from infra.stack import private_file
from infra.stack.agent_program import AgentNotInstalled
from infra.stack.cloud import CloudFailed
from infra.stack.console import ConsoleFailed
from infra.stack.deploy import DeployFailed
from infra.stack.local_stack import INFO, LocalStack, StackFailed
from infra.stack.log_view import follow
from infra.stack.sign_in import issuer_from
from infra.stack.tcp_ports import PortTaken

ROOT = Path(__file__).resolve().parents[2]
LOCK = "run.lock"
STARTING_S = 300
FAILURES = (
    PortTaken,
    CloudFailed,
    DeployFailed,
    StackFailed,
    AgentNotInstalled,
    ConsoleFailed,
    NoIdentityProvider,
    InvalidSetting,
)
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    directory = Path(os.environ.get("WIRETY_LOCAL") or ROOT / ".local")
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _show_the_other(directory)
        return _run(directory)


def _run(directory: Path) -> int:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            raise KeyboardInterrupt  # out of whatever step of the start is under way

    for number in STOPPING:
        signal.signal(number, on_signal)
    stack: LocalStack | None = None
    try:
        stack = LocalStack(directory, _number("PORT", 8080), _number("CLOUD_PORT", 4566), _say, issuer_from(os.environ))
        if os.environ.get("RESET"):
            _say("forgetting the data of earlier runs")
            stack.reset()
        stack.start()
        print(_table(stack.info, directory), flush=True)
        for line in follow(stack.cloud.function_log, stop):
            print(line, flush=True)
    except KeyboardInterrupt:
        pass
    except FAILURES as failure:
        print(f"wirety: {failure}", file=sys.stderr)
        return 1
    finally:
        stop.set()
        if stack is not None and stack.cloud.is_running():
            _say("stopping")
            stack.stop()
            _say("stopped; data is kept")
    return 0


def _show_the_other(directory: Path) -> int:
    """The table of the system that holds the lock, once it is ready."""
    end = time.monotonic() + STARTING_S
    while not _answers(info := private_file.read(directory / INFO)):
        if time.monotonic() > end:
            print("wirety: another `make run` is under way here and does not become ready", file=sys.stderr)
            return 1
        time.sleep(0.5)
    print("wirety: already running")
    print(_table(info, directory))
    return 0


def _answers(info: dict[str, str]) -> bool:
    if "api_url" not in info:
        return False
    try:
        with urllib.request.urlopen(info["api_url"] + "/health", timeout=5) as answer:  # noqa: S310 loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _table(info: dict[str, str], directory: Path) -> str:
    """Where things are and what to do next. Secrets are for a terminal only, not for a log file."""
    file = directory / INFO
    hidden = f"in {file}"
    rows = (
        ("console", info["console_url"]),
        ("sign in as", info["admin_email"] or f"a person of {info['issuer']}"),
        *((("password", info["admin_password"] if sys.stdout.isatty() else hidden),) if info["admin_email"] else ()),
        ("API", info["api_url"]),
        ("sockets", info["ws_url"]),
        ("API token", info["api_token"] if sys.stdout.isatty() else hidden),
        ("agent", info["agent_command"]),
        ("all of it", str(file)),
    )
    steps = (
        f"open {info['console_url']} and sign in",
        "see three agents build real tunnels, in a second terminal: sudo make demo",
        f'ask the API: curl -H "Authorization: Bearer $TOKEN" {info["api_url"]}/networks',
    )
    lines = ["", *(f"  {name:10} {value}" for name, value in rows), "", "  Next:"]
    lines += [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    return "\n".join([*lines, "", "  Ctrl-C stops it and keeps the data; RESET=1 starts afresh.", ""])


def _number(variable: str, default: int) -> int:
    return int(os.environ.get(variable) or default)


def _say(step: str) -> None:
    print(f"wirety: {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
