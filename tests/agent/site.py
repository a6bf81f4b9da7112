"""A host behind a gateway and the world on its other side, with a control plane in it: two network namespaces."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.identity.enrollment import interface_name
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import NETWORK_ID, PEER_ID
from tests.agent.namespace import Namespace
from tests.agent.origin import Origin
from tests.agent.survivors import end_survivors

INTERFACE = interface_name(NETWORK_ID, PEER_ID)
ROOT = Path(__file__).parents[2]
PLANE = "203.0.113.1"
CONFIRM_S = "5"
WITHIN_S = 90.0  # of windows, calls that hang, and a busy machine

CUT = f"""
table inet cut {{
  chain input {{ type filter hook input priority 0; ip daddr {PLANE} drop; }}
}}
"""


@dataclass
class Site:
    """A host behind a gateway, through which it reaches the control plane."""

    host: Namespace
    world: Namespace
    origin: Origin
    state: Path
    agents: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "agent", "run", "--insecure", "--state-dir", str(self.state)]
        with (self.state / "log").open("a") as log:
            agent = self.host.do(
                lambda: subprocess.Popen(
                    [*command, "--confirm-within", CONFIRM_S, "--log-format", "json"], cwd=ROOT, stderr=log, text=True
                )
            )
        self.agents.append(agent)
        return agent

    def once(self) -> "subprocess.CompletedProcess[str]":
        """`run --once`, with as short a window."""
        command = [sys.executable, "-m", "agent", "run", "--once", "--insecure", "--state-dir", str(self.state)]
        window = ["--confirm-within", CONFIRM_S]
        return self.host.do(lambda: subprocess.run([*command, *window], cwd=ROOT, capture_output=True, text=True))

    def routes(self) -> str:
        return self.host.sh(f"ip route show dev {INTERFACE}")

    def peers(self) -> str:
        return self.host.sh(f"wg show {INTERFACE} peers 2>/dev/null || true").strip()

    def cut(self) -> None:
        """Called in the world's namespace: from now on the control plane hears nothing."""
        subprocess.run(["nft", "-f", "-"], input=CUT, text=True, check=True)

    def refusals(self) -> list[int]:
        return [report.revision for report in self.origin.applied() if not report.ok]

    @property
    def trial(self) -> Path:
        return self.state / NETWORK_ID / "trial.json"

    def end(self) -> None:
        for agent in self.agents:
            agent.kill()
            agent.wait()
        end_survivors(self.state)


@contextmanager
def a_site(state: Path, bundle: Bundle) -> Iterator[Site]:
    """Enrolled; IPv4 and IPv6 on the wire between the two."""
    with Namespace() as host, Namespace() as world:
        thread = world.do(lambda: Path("/proc/thread-self").readlink().name)
        host.sh(f"ip link add eth0 type veth peer name eth0 netns {thread}")
        world.sh(
            "ip address add 192.168.1.1/24 dev eth0 && ip address add fd11::1/64 dev eth0 nodad && ip link set eth0 up"
            f" && ip address add {PLANE}/32 dev lo"
        )
        host.sh(
            "ip address add 192.168.1.2/24 dev eth0 && ip address add fd11::2/64 dev eth0 nodad && ip link set eth0 up"
            " && ip route add default via 192.168.1.1 && ip -6 route add default via fd11::1"
        )
        (state / "log").touch()
        origin = Origin(NETWORK_ID, PEER_ID, bundle=bundle, address=PLANE)
        world.do(origin.__enter__)
        made = Site(host, world, origin, state)
        enroll = [sys.executable, "-m", "agent", "enroll", "--insecure", "--server", origin.url, "--token", "token"]
        host.do(lambda: subprocess.run([*enroll, "--state-dir", str(state)], cwd=ROOT, check=True))
        try:
            yield made
        finally:
            made.end()
            origin.__exit__()
            print((state / "log").read_text())


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not claim():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)
