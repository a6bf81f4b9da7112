"""When a tunnel's full encapsulation is sealed, marked, diverted and opened, or that it is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.host.tunnel.route_conflicts import HostRoutes
from agent.host.tunnel.wanted import WantedTunnel


@dataclass(frozen=True, slots=True)
class SealKeeping:
    """`encapsulation` None: whatever seal there is stays as it is. Every method answers whether it changed anything."""

    encapsulation: Encapsulation | None = None

    def close(self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]) -> bool:
        """Seal the host, before anything else is done to it.

        Args:
            learned: public key → where a peer was last seen, `ip:port`.

        Raises:
            ToolFailed: another enrolment of this host has full encapsulation.
        """
        return self.encapsulation is not None and self.encapsulation.close(wanted, host, learned)

    def mark(self, wanted: WantedTunnel) -> bool:
        """Mark WireGuard's own packets. Before peers are configured: wireguard-go speaks to them at once, also while
        its interface is down."""
        return self.encapsulation is not None and self.encapsulation.mark(wanted)

    def divert(self, wanted: WantedTunnel) -> bool:
        """Send the host's traffic into the tunnel, or out of it and then open the seal; after everything else."""
        return self.encapsulation is not None and self.encapsulation.divert(wanted)

    def planned(
        self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]
    ) -> Literal["seal", "unseal"] | None:
        """What `close` and `divert` would do, from a look at the host."""
        return self.encapsulation.prospect(wanted, host, learned) if self.encapsulation is not None else None

    def verify(self) -> None:
        """Look at the kernel again before the next step."""
        if self.encapsulation is not None:
            self.encapsulation.verify()

    def remove(self) -> None:
        if self.encapsulation is not None:
            self.encapsulation.remove()
