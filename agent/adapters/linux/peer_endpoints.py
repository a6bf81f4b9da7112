"""Where the peers of a tunnel are that have names, and how WireGuard is led to another of their addresses."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agent.adapters.linux.tunnel import HostTunnel
from agent.host.tunnel.wanted import Endpoint, WantedTunnel, named


@dataclass(slots=True)
class PeerEndpoints:
    tunnel: HostTunnel
    _named: tuple[WantedTunnel | None, Mapping[Endpoint, Collection[str]]] = (None, MappingProxyType({}))

    def name_of(self, public_key: str) -> Endpoint | None:
        """The endpoint by which the bundle knows a peer, if that is a name."""
        return next((endpoint for endpoint, keys in self._names().items() if public_key in keys), None)

    def met_at(self, name: Endpoint) -> str | None:
        """Where WireGuard met the peer of this name when it was last looked at, `ip:port`."""
        met = (self.tunnel.endpoint_of(key) for key in self._names().get(name, ()))
        return next((endpoint for endpoint in met if endpoint is not None), None)

    def lead(self, name: Endpoint, addresses: Sequence[str]) -> bool:
        """Speak to the peers of this name at the address that comes after their present one; whether any is led.

        Args:
            addresses: what the name stands for, each as `ip:port`.

        Raises:
            ToolFailed: the host refuses.
        """
        with self.tunnel.lock:
            peers = self.tunnel.host_look.dump().peers
            led = {
                key: address
                for key in self._names().get(name, ())
                if key in peers and (address := _after(peers[key].endpoint, addresses)) != peers[key].endpoint
            }
            for key, address in led.items():
                self.tunnel.commands.run("wg", "set", self.tunnel.interface, "peer", key, "endpoint", address)
            return bool(led)

    def _names(self) -> Mapping[Endpoint, Collection[str]]:
        """Which peers have which names, found out once for each bundle."""
        if (wanted := self.tunnel.wanted) is not self._named[0]:
            self._named = wanted, named(wanted.sections.values() if wanted is not None else ())
        return self._named[1]


def _after(present: str | None, addresses: Sequence[str]) -> str:
    """The one after the present one, which is dead; the first, where that is none of them."""
    return addresses[(addresses.index(present) + 1) % len(addresses) if present in addresses else 0]
