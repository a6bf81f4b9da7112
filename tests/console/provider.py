"""A second identity provider: the npm package oidc-provider as a process of its own, on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.stack.console import FRONTEND
from infra.stack.tcp_ports import free_port

END_S = 10


@dataclass(frozen=True)
class Provider:
    issuer: str
    client_id: str = "wirety"
    administrator: str = "ana"
    audience: str = "https://api.wirety.example.com"


@contextmanager
def provider(origin: str) -> Iterator[Provider]:
    """Serve until the end; its one client comes back to `origin`."""
    running = Provider(f"http://127.0.0.1:{free_port()}")
    process = subprocess.Popen(
        ["node", "e2e/provider.mjs", running.issuer, running.client_id, origin, running.audience],
        cwd=FRONTEND,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield running
    finally:
        process.terminate()
        process.wait(END_S)
