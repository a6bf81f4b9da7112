"""A tunnel in a namespace, and the commands that it ran."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.host.results import ApplyResult
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_private_key
from tests.agent.namespace import Namespace

INTERFACE = "wy00000001"


@dataclass(frozen=True, slots=True)
class Recorded(Commands):
    """Runs for real, and keeps what ran."""

    ran: list[str] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)

    def run(self, *argv: str, stdin: str = "") -> str:
        self.ran.append(" ".join(argv))
        if stdin:
            self.given.append((stdin, " ".join(argv)))
        return Commands.run(self, *argv, stdin=stdin)


@dataclass
class Host:
    inside: Namespace
    state: Path
    commands: Recorded = field(default_factory=Recorded)
    interface: str = INTERFACE

    def __post_init__(self) -> None:
        self.tunnel = self.a_tunnel()

    def a_tunnel(self, memory: Memory | None = None) -> HostTunnel:
        return HostTunnel(
            commands=self.commands,
            interface=self.interface,
            device=Device(self.commands, self.interface, self.state / "pid"),
            firewall=NftFirewall(self.commands, self.interface),
            private_key=a_private_key("me"),
            memory=memory or Memory(),
        )

    def apply(self, bundle: Bundle) -> ApplyResult:
        self.commands.ran.clear()
        return self.inside.do(lambda: self.tunnel.apply(desired(bundle)))

    def verify(self, bundle: Bundle) -> ApplyResult:
        self.commands.ran.clear()
        return self.inside.do(lambda: self.tunnel.verify(desired(bundle)))

    def wg(self, what: str) -> str:
        return self.inside.sh(f"wg show {INTERFACE} {what}").strip()


def loaded_by(host: Host, act: Callable[[], object]) -> list[tuple[str, str]]:
    """What was given to the tools, and to which."""
    before = len(host.commands.given)
    act()
    return host.commands.given[before:]
