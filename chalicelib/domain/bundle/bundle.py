"""Everything one agent needs to run, as of one revision of its network."""

from dataclasses import dataclass

from chalicelib.domain.cidr import Address
from chalicelib.domain.ids import Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.firewall import Firewall
from chalicelib.domain.tunnel.tunnel import Tunnel


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A peer's label in the network's domain."""

    label: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """`records`, `firewall`: for jumps, which serve the network's names and enforce its policy; empty and
    None for regular peers."""

    network: Network
    peer: Peer
    tunnel: Tunnel
    records: tuple[DnsRecord, ...]
    firewall: Firewall | None

    @property
    def revision(self) -> Revision:
        return self.network.revision

    @property
    def resolvers(self) -> tuple[str, ...]:
        """The peer's own, else the network's; with full encapsulation the home jump."""
        if self.peer.full_encapsulation:
            return self.tunnel.dns
        return self.network.dns if self.peer.dns is None else self.peer.dns
