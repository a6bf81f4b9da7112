"""A steady flow between two nodes, to see whether something in between loses a packet."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.lab import udp
from infra.lab.errors import LabFailed
from infra.lab.node import Node
from infra.lab.process import Process

PORT = 9999
SCRIPT = Path(udp.__file__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a flow's packets. `longest_gap_ms`: between two answers."""

    sent: int
    lost: int
    longest_gap_ms: float


@dataclass(frozen=True, slots=True)
class Probe:
    echo: Process
    _sender: Process

    def finish(self, timeout_s: float = 60.0) -> Delivery:
        """Stop the flow, wait for its last answers and for the packets it still owes.

        Raises:
            LabFailed: the sender died.
        """
        said, _ = self._sender.entry.communicate(timeout=timeout_s)
        if self._sender.wait(timeout_s):
            raise LabFailed(f"probe: {said}")
        return Delivery(**json.loads(said))


@contextlib.contextmanager
def probe(source: Node, target: Node, address: str, *, interval_ms: float = 10.0, at_least: int = 0) -> Iterator[Probe]:
    """Send a packet to an echo on `target` every `interval_ms`, from now until finished.

    Args:
        address: the target's, as the source reaches it.
        at_least: packets to send before it ends.
    """
    echo = target.spawn_python(SCRIPT, "echo", str(PORT))
    try:
        echo.expect("up")
        sender = source.spawn_python(SCRIPT, "send", address, str(PORT), str(interval_ms), str(at_least))
        try:
            sender.expect("up")
            yield Probe(echo, sender)
        finally:
            sender.kill()
    finally:
        echo.kill()
