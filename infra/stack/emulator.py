"""MiniStack as one process of the local system: its own server, on loopback.

What its workers print goes to one file, because it keeps no log of socket functions; which rights their
roles used, to another (iam.py). They share one copy of their code (unpacked.py), a query does not grow with
its partition (key_conditions.py), and a statement is read once (statements.py). It ends cleanly, state saved,
on SIGTERM or when its standard input closes, so it cannot outlive who started it.

`python -m infra.stack.emulator FUNCTION_LOG RIGHTS_NOTED`; the rest is MiniStack's environment: see cloud.py.
"""

import asyncio
import os
import signal
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack_app
from ministack.core import lambda_runtime
from ministack.services import cognito

from infra.stack import iam, key_conditions, statements
from infra.stack.passwords import new_password
from infra.stack.unpacked import SharedZip

STOP_S = 2.0


def main(function_log: Path, rights_noted: Path) -> None:
    _collect_output(function_log)
    iam.enforce_as_aws()
    iam.note_checks(rights_noted)
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedZip})
    key_conditions.install()
    statements.install()
    # ministack 1.5: a pool's own passwords are shorter than the pool may demand, and then nobody can be invited
    cognito._generate_temp_password = new_password
    asyncio.run(_serve())


async def _serve() -> None:
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = STOP_S
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_when_orphaned, args=(lambda: loop.call_soon_threadsafe(stop.set),), daemon=True).start()

    async def wait_for_the_end() -> None:
        await stop.wait()
        _end_functions()

    await serve(ministack_app.app, config, shutdown_trigger=wait_for_the_end)


def _end_functions() -> None:
    """End all workers and start no other.

    Each socket that closes invokes its function, one after the other, and each would wait for a server that
    listens no more; MiniStack waits for all of them.
    """

    def refuse(_worker: Any) -> None:
        raise RuntimeError("the local cloud is stopping")

    lambda_runtime.Worker._spawn = refuse
    lambda_runtime.reset()


def _when_orphaned(stop: Callable[[], object]) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop()


def _collect_output(function_log: Path) -> None:
    """Write each line a worker prints as `function<TAB>line`."""
    log = function_log.open("a", buffering=1)

    def read_stderr(worker: Any) -> None:
        for line in worker._proc.stderr:
            worker._stderr_queue.put(line.rstrip("\n"))
            log.write(f"{worker.func_name}\t{line}")

    lambda_runtime.Worker._read_stderr = read_stderr


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
