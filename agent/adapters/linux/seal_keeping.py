"""When a tunnel's full encapsulation is sealed, marked, diverted and opened, or that it is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.resolution import resolve
from agent.host.tunnel.difference import Plan, last_seen, names_asked
from agent.host.tunnel.route_conflicts import HostRoutes
from agent.host.tunnel.wanted import Endpoint, WantedTunnel


@dataclass(frozen=True, slots=True)
class SealKeeping:
    """`encapsulation` None: whatever seal there is stays as it is."""

    encapsulation: Encapsulation | None = None

    def seal_and_resolve(
        self, wanted: WantedTunnel, plan: Plan, host: HostRoutes, learned: Mapping[str, str]
    ) -> tuple[bool, Mapping[Endpoint, str]]:
        """Seal the host, before anything else is done to it, and ask for the names of the plan's endpoints.

        The seal comes first, unless nothing but a name says where a peer is: then the names are asked before it.

        Args:
            learned: public key → where a peer was last seen, `ip:port`.

        Returns:
            Whether the seal was changed, and `ip:port` of each endpoint whose name was answered.

        Raises:
            ToolFailed: another enrolment of this host has full encapsulation.
        """
        asked = names_asked(plan)
        is_first = last_seen(plan, learned).keys() >= asked
        is_changed = is_first and self._close(wanted, host, learned)
        resolved = resolve(asked)
        return is_changed if is_first else self._close(wanted, host, learned), resolved

    def mark(self, wanted: WantedTunnel) -> bool:
        """Mark WireGuard's own packets; whether that was to be done.

        To be called before peers are configured: wireguard-go speaks to them at once, also while its interface is down.
        """
        return self.encapsulation is not None and self.encapsulation.mark(wanted)

    def divert(self, wanted: WantedTunnel) -> bool:
        """Send the host's traffic into the tunnel, or out of it and then open the seal; whether anything was changed.

        To be called after everything else.
        """
        return self.encapsulation is not None and self.encapsulation.divert(wanted)

    def planned(
        self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]
    ) -> Literal["seal", "unseal"] | None:
        """What `seal_and_resolve` and `divert` would do, from a look at the host."""
        return self.encapsulation.prospect(wanted, host, learned) if self.encapsulation is not None else None

    def verify(self) -> None:
        """Look at the kernel again before the next step."""
        if self.encapsulation is not None:
            self.encapsulation.verify()

    def remove(self) -> None:
        if self.encapsulation is not None:
            self.encapsulation.remove()

    def _close(self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]) -> bool:
        return self.encapsulation is not None and self.encapsulation.close(wanted, host, learned)
