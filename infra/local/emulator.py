"""MiniStack as one process of the local system, with three of its habits changed.

Event sources are polled every few milliseconds rather than once a second; a busy function gets
further workers in the background; and what the workers print goes to one file. It ends cleanly,
state saved, on SIGTERM or when its standard input closes, so it cannot outlive who started it.

`python -m infra.local.emulator FUNCTION_LOG`; the rest is MiniStack's environment: see cloud.py.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack_app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

POLL_S = 0.005
WORKERS_PER_FUNCTION = 3  # on AWS: as many as there are requests
STOP_S = 2.0


def main(function_log: Path) -> None:
    _poll_eagerly()
    _grow_in_background()
    _collect_output(function_log)
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
    await serve(ministack_app.app, config, shutdown_trigger=stop.wait)


def _when_orphaned(stop: Callable[[], object]) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop()


def _poll_eagerly() -> None:
    """Poll streams and queues each in a thread of its own: MiniStack sleeps a second between looks."""

    def every(poll: Callable[[], bool]) -> None:
        while True:
            try:
                busy = poll()
            except Exception as error:  # noqa: BLE001 outermost loop of the thread, as in MiniStack's own
                print(f"event source poller: {error!r}", file=sys.stderr)
                busy = False
            if not busy:
                time.sleep(POLL_S)

    def poll_loop() -> None:
        threading.Thread(target=every, args=(lambda_svc._poll_sqs,), daemon=True).start()
        every(lambda_svc._poll_dynamodb_streams)

    lambda_svc._poll_loop = poll_loop


def _grow_in_background() -> None:
    """Give concurrent invocations workers of their own; until one is warm, they queue."""
    first = lambda_runtime.get_or_create_worker
    lock = threading.Lock()
    further: dict[int, list[Any]] = {}

    def warm(worker: Any) -> None:
        with worker._lock:
            worker._spawn()
            worker._cold = False

    def free_worker(func_name: str, config: dict[str, Any], code_zip: bytes, qualifier: str = "$LATEST") -> Any:
        oldest = first(func_name, config, code_zip, qualifier)
        with lock:
            others = further.setdefault(id(oldest), [])
            for worker in (oldest, *others):
                if not worker._lock.locked():
                    return worker
            if oldest._proc is not None and len(others) + 1 < WORKERS_PER_FUNCTION:
                others.append(lambda_runtime.Worker(func_name, config, code_zip))
                threading.Thread(target=warm, args=(others[-1],), daemon=True).start()
        return oldest

    lambda_runtime.get_or_create_worker = free_worker
    lambda_svc.get_or_create_worker = free_worker


def _collect_output(function_log: Path) -> None:
    """Write each line a worker prints as `function<TAB>line`; MiniStack drops those of socket functions."""
    log = function_log.open("a", buffering=1)

    def read_stderr(worker: Any) -> None:
        for line in worker._proc.stderr:
            worker._stderr_queue.put(line.rstrip("\n"))
            log.write(f"{worker.func_name}\t{line}")

    lambda_runtime.Worker._read_stderr = read_stderr


if __name__ == "__main__":
    main(Path(sys.argv[1]))
