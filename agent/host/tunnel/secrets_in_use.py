"""Which of a bundle's keys and preshared keys are in use, as handshakes tell; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.host.tunnel.key_in_use import carried
from agent.host.tunnel.psk_recovery import chosen
from agent.host.tunnel.wanted import WantedTunnel


@dataclass(frozen=True, slots=True)
class SecretsInUse:
    """`handshakes`: public key → unix seconds of the last one. `tried`: public key → the other preshared key, for the
    sections that have it for now."""

    handshakes: Mapping[str, int] = field(default_factory=dict)
    tried: Mapping[str, str] = field(default_factory=dict, repr=False)

    def applied_to(self, wanted: WantedTunnel) -> WantedTunnel:
        """The bundle with AllowedIPs at the keys that are used, and the preshared keys that are tried."""
        return carried(chosen(wanted, self.tried), self.handshakes)
