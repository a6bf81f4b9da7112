"""Makes bundles so as the agent does, without a control plane: a program for a node of the laboratory.

`applier.py INTERFACE` reads a private key, then bundles, a line each, and says how long each took.
"""

import json
import sys
import time
from pathlib import Path

from agent.adapters.commands import Commands
from agent.adapters.device import Device
from agent.adapters.firewall import NftFirewall
from agent.adapters.tunnel import HostTunnel
from agent.desired import desired
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import decode


def main(interface: str) -> None:
    commands = Commands()
    tunnel = HostTunnel(
        commands=commands,
        interface=interface,
        device=Device(commands, interface, Path("/run/wireguard-go.pid")),
        firewall=NftFirewall(commands, interface),
        private_key=sys.stdin.readline().strip(),
    )
    print("up", flush=True)
    for line in sys.stdin:
        started = time.monotonic()
        made = tunnel.apply(desired(decode(line.encode(), Bundle)))
        ms = round((time.monotonic() - started) * 1000)
        print(json.dumps({"is_changed": made.is_changed, "ms": ms}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
