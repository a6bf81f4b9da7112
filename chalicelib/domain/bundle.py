"""Everything one agent needs to run, as of one revision of its network."""

from dataclasses import dataclass

from chalicelib.domain.ids import Revision
from chalicelib.domain.ipam import Address
from chalicelib.domain.network import Network
from chalicelib.domain.peer import Kind, Peer
from chalicelib.domain.tunnel import Tunnel


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A peer's label in the network's domain."""

    label: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """`records`: for jumps, which serve the network's names; empty for regular peers."""

    network: Network
    peer: Peer
    tunnel: Tunnel
    records: tuple[DnsRecord, ...]

    @property
    def revision(self) -> Revision:
        return self.network.revision

    @property
    def forwards(self) -> bool:
        return self.peer.kind is Kind.JUMP
