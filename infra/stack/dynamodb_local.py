"""Amazon's DynamoDB Local, a second engine for the stores and the one of benchmarks, shut in a network namespace.

It listens on every address and has no option for another, so it runs where only loopback
exists. A forwarder inside listens on loopback outside, for its clients.
"""

import base64
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.lab import forwarder
from infra.lab.outer_namespaces import OuterNamespaces
from infra.lab.process import Process
from infra.stack.tcp_ports import HOST, free_port

PACKAGE = "amplify-dynamodb-simulator@2.9.30"  # carries DynamoDB Local 2.3.0 under emulator/
INTEGRITY = "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
CACHE = Path(__file__).parents[2] / "build" / "dynamodb-local" / PACKAGE.partition("@")[2]
MEMBERS = "package/emulator/"
INSIDE_PORT = 8000
PACK_S = 300.0
START_S = 60.0


class EngineFailed(Exception):
    """DynamoDB Local could not be had or did not start; the message says why."""


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """The URL, on loopback, of an engine that is empty and ends with the block."""
    home = _emulator()
    outer = OuterNamespaces.make()
    try:
        outer.ip("link set lo up")
        server, relay, url = _start(outer, home)
        yield url
    finally:
        outer.close()
    for process in (server, relay):
        process.release()


def _start(outer: OuterNamespaces, home: Path) -> tuple[Process, Process, str]:
    inside, port = ["nsenter", "-t", str(outer.pid), "-n", "-p"], free_port()
    java = ["java", "-Djava.library.path=DynamoDBLocal_lib", "-Xmx512m", "-jar", "DynamoDBLocal.jar"]
    options = ["-inMemory", "-disableTelemetry", "-port", str(INSIDE_PORT)]
    server = Process.start([*inside, "env", "-C", str(home), *java, *options], log=outer.logs / "dynamodb.log")
    outside = f"/proc/{os.getpid()}/ns/net"
    relay = Process.start(
        [*inside, sys.executable, "-I", forwarder.__file__, outside, HOST, str(port), HOST, str(INSIDE_PORT)]
    )
    relay.expect("up")
    _await(outer, server)
    return server, relay, f"http://{HOST}:{port}"


def _await(outer: OuterNamespaces, server: Process) -> None:
    """Wait until somebody listens inside."""
    listening = ["nsenter", "-t", str(outer.pid), "-n", "ss", "-Hltn", f"sport = :{INSIDE_PORT}"]
    end = time.monotonic() + START_S
    while not subprocess.run(listening, capture_output=True, text=True).stdout:
        if not server.is_running or time.monotonic() > end:
            raise EngineFailed(f"DynamoDB Local did not start:\n{server.tail()}")
        time.sleep(0.05)


def _emulator() -> Path:
    """The emulator's directory, fetched once and checked against the pin: by one of those that want it at a time, for
    the others may run it already."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with CACHE.with_name(".dynamodb-local.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CACHE / "DynamoDBLocal.jar").exists():
            _fetch()
    return CACHE


def _fetch() -> None:
    if shutil.which("npm") is None:
        raise EngineFailed("DynamoDB Local comes in an npm package: `make test` as root installs npm.")
    making = CACHE.with_name(f"making-{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        _unpack(_pack(making), making / "emulator")
        shutil.rmtree(CACHE, ignore_errors=True)
        (making / "emulator").rename(CACHE)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _pack(directory: Path) -> Path:
    command = ["npm", "pack", PACKAGE, "--json", "--ignore-scripts", "--pack-destination", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PACK_S, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise EngineFailed(f"npm pack {PACKAGE}: {done.stderr.strip()[-600:]}")
    archive = directory / str(json.loads(done.stdout)[0]["filename"])
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise EngineFailed(f"{PACKAGE} is not the archive that was pinned: sha512-{digest}")
    return archive


def _unpack(archive: Path, target: Path) -> None:
    """Take the emulator and leave the package around it."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.name.startswith(MEMBERS) and member.isfile():
                member.name = member.name.removeprefix(MEMBERS)
                tar.extract(member, target, filter="data")
