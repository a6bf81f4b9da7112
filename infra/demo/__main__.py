"""`make demo`: JSON=1 prints one JSON object, HOLD=1 keeps everything up until stdin closes.

Exit codes: 0 all is well, 1 a step failed, 2 it cannot start here, 130 interrupted.
"""

import os
import signal
import sys
from types import FrameType

from infra.demo.deployment import Deployment, NotRunning
from infra.demo.report import Report
from infra.demo.scenario import Scenario, StepFailed
from infra.lab.preflight import obstacles

EXIT_FAILED = 1
EXIT_CANNOT_START = 2
EXIT_INTERRUPTED = 130
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    is_json, is_held = _is_set("JSON"), _is_set("HOLD")
    if found := obstacles():
        _say(*found)
        return EXIT_CANNOT_START
    try:
        deployment = Deployment.running()
    except NotRunning as error:
        _say(str(error))
        return EXIT_CANNOT_START
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)
    try:
        return _exit_code(Scenario(deployment, _say, _json if is_json else _table, is_held).run())
    except StepFailed as error:
        _say(str(error))
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("interrupted; everything it made is gone")
        return EXIT_INTERRUPTED


def _is_set(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C, once: the cleaning up that follows is not interrupted."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


def _exit_code(report: Report) -> int:
    for wrong in report.wrong:
        _say(f"failed: {wrong}")
    return EXIT_FAILED if report.wrong else 0


def _json(report: Report) -> None:
    print(report.json(), flush=True)


def _table(report: Report) -> None:
    print(report.table(), flush=True)


def _say(*lines: str) -> None:
    for line in lines:
        print(f"demo: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
