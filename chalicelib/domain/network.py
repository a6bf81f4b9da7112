"""A network, and the directory that keeps the networks of a deployment apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from itertools import product

from chalicelib.domain.errors import CidrInUse, NetworkNameInUse, NetworksOverlap
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.ipam import Cidr, overlaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`next_index`: every index below it has been handed out once. `peers`: how many exist."""

    id: NetworkId
    name: str
    cidr: IPv4Network
    cidr_v6: IPv6Network | None
    domain: str
    dns: tuple[str, ...]
    revision: Revision
    next_index: int
    peers: int
    created_at: datetime
    updated_at: datetime

    @property
    def cidrs(self) -> tuple[Cidr, ...]:
        return (self.cidr,) if self.cidr_v6 is None else (self.cidr, self.cidr_v6)

    def advanced(self, at: datetime) -> "Network":
        """The network one revision later."""
        return replace(self, revision=Revision(self.revision + 1), updated_at=at)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory holds of one network."""

    name: str
    cidrs: tuple[Cidr, ...]


@dataclass(frozen=True, slots=True)
class Routed:
    """A CIDR behind a regular peer."""

    network_id: NetworkId
    peer_id: PeerId
    cidr: Cidr


@dataclass(frozen=True, slots=True)
class Directory:
    """All ranges of a deployment in one item: the list of networks and the claim on overlap.

    Written only if `version` is still the stored one, so two overlapping claims cannot both
    succeed.
    """

    version: int
    networks: Mapping[NetworkId, Entry]
    routed: tuple[Routed, ...]

    def with_network(self, network: Network) -> "Directory":
        """Add a network.

        Raises:
            NetworkNameInUse, NetworksOverlap: naming the other.
        """
        if any(entry.name == network.name for entry in self.networks.values()):
            raise NetworkNameInUse(network.name)
        held = [(f"network {entry.name}", taken) for entry in self.networks.values() for taken in entry.cidrs]
        held += [(f"peer {behind.peer_id}", behind.cidr) for behind in self.routed]
        for (owner, taken), cidr in product(held, network.cidrs):
            if overlaps(cidr, taken):
                raise NetworksOverlap(str(cidr), owner, str(taken))
        entry = Entry(network.name, network.cidrs)
        return replace(self, version=self.version + 1, networks={**self.networks, network.id: entry})

    def without_network(self, network_id: NetworkId) -> "Directory":
        left = {known: entry for known, entry in self.networks.items() if known != network_id}
        return replace(self, version=self.version + 1, networks=left)

    def with_routed(self, network_id: NetworkId, peer_id: PeerId, cidrs: tuple[Cidr, ...]) -> "Directory":
        """Add the CIDRs behind a regular peer.

        Raises:
            CidrInUse: one touches a network, or equals one behind another peer of its network.
        """
        for cidr, entry in product(cidrs, self.networks.values()):
            for taken in entry.cidrs:
                if overlaps(cidr, taken):
                    raise CidrInUse(str(cidr), f"it touches {taken} of network {entry.name}")
        for behind in self.routed:
            if behind.network_id == network_id and behind.cidr in cidrs:
                raise CidrInUse(str(behind.cidr), f"it already stands behind peer {behind.peer_id}")
        added = tuple(Routed(network_id, peer_id, cidr) for cidr in cidrs)
        return replace(self, version=self.version + 1, routed=self.routed + added)

    def without_routed(self, peer_id: PeerId) -> "Directory":
        left = tuple(behind for behind in self.routed if behind.peer_id != peer_id)
        return replace(self, version=self.version + 1, routed=left)
