"""A download from one node to another, and whether it still goes on."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.lab import Node, Process
from tests.dataplane import stream

SCRIPT = Path(stream.__file__)
LOOK_S = 0.2


@dataclass(frozen=True)
class Download:
    process: Process

    def total(self) -> int:
        assert self.process.entry.stdin is not None
        assert self.process.entry.stdout is not None
        self.process.entry.stdin.write("\n")
        self.process.entry.stdin.flush()
        return int(self.process.entry.stdout.readline())

    def goes_on(self) -> bool:
        before = self.total()
        time.sleep(LOOK_S)
        return self.total() > before


@contextlib.contextmanager
def a_download(node: Node, address: str, port: int) -> Iterator[Download]:
    """From a server that is there already."""
    process = node.spawn_python(SCRIPT, "take", address, str(port))
    try:
        process.expect("up")
        assert process.entry.stdout is not None
        process.entry.stdout.readline()
        yield Download(process)
    finally:
        process.kill()


@contextlib.contextmanager
def a_server(node: Node, *ports: int) -> Iterator[None]:
    """On all of its addresses."""
    servers = [node.spawn_python(SCRIPT, "serve", str(port)) for port in ports]
    try:
        for server in servers:
            server.expect("up")
        yield
    finally:
        for server in servers:
            server.kill()
