"""Makes bundles so as the agent does, without a control plane: a program for a node of the laboratory.

`applier.py INTERFACE` reads a private key, then bundles and deltas as they are kept on disk, a line
each, and says of each how long it took, and how much processor time of its own, apart from the host's
tools: the time by the clock of a machine that does nothing else.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.bundle.received import Received, made_of
from agent.host.tunnel.wanted import Parser


@dataclass(frozen=True, slots=True)
class Timed(Commands):
    """`took_s`, `used_s`: by the clock and of this process, in each command since they were cleared."""

    took_s: list[float] = field(default_factory=list)
    used_s: list[float] = field(default_factory=list)

    def run(self, *argv: str, stdin: str = "") -> str:
        started, used_s = time.monotonic(), time.process_time()
        try:
            return Commands.run(self, *argv, stdin=stdin)
        finally:
            self.took_s.append(time.monotonic() - started)
            self.used_s.append(time.process_time() - used_s)


def main(interface: str) -> None:
    commands = Timed()
    tunnel = HostTunnel(
        commands=commands,
        interface=interface,
        device=Device(commands, interface, Path("/run/wireguard-go.pid")),
        firewall=NftFirewall(commands, interface),
        private_key=sys.stdin.readline().strip(),
    )
    print("up", flush=True)
    fetched, parser = None, Parser()
    for line in sys.stdin:
        received = msgspec.json.decode(line, type=Received)
        commands.took_s.clear()
        commands.used_s.clear()
        started, used_s = time.monotonic(), time.process_time()
        fetched = made_of([received], fetched)
        assert fetched is not None
        made = tunnel.apply(parser.desired(fetched.bundle))
        took_s, used_s = time.monotonic() - started, time.process_time() - used_s
        own_ms, tools_ms = (used_s - sum(commands.used_s)) * 1000, sum(commands.took_s) * 1000
        said = {
            "is_changed": made.is_changed,
            "ms": round(took_s * 1000, 1),
            "own_ms": round(own_ms, 1),
            "tools_ms": round(tools_ms, 1),
        }
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
