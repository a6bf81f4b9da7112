"""The directory keeps the ranges of a deployment apart: one item, one version, one claim."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from chalicelib.domain.cidr import Cidr, overlaps
from chalicelib.domain.errors import CidrInUse, DirectoryFull, NetworkNameInUse, NetworksOverlap
from chalicelib.domain.ids import NetworkId, PeerId, is_jump
from chalicelib.domain.network import Network

MOST_RANGES = 4000  # about 70 bytes each, in an item of at most 400 KB


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory holds of one network."""

    name: str
    cidrs: tuple[Cidr, ...]


@dataclass(frozen=True, slots=True)
class Routed:
    """A CIDR behind a peer."""

    network_id: NetworkId
    peer_id: PeerId
    cidr: Cidr


@dataclass(frozen=True, slots=True)
class Directory:
    """All ranges of a deployment: the list of networks, and the claim on overlap.

    Written only if `version` is still the stored one, so two overlapping claims cannot both
    succeed.
    """

    version: int
    networks: Mapping[NetworkId, Entry]
    routed: tuple[Routed, ...]

    def ranges(self) -> Iterator[Cidr]:
        """Everything that is taken."""
        for entry in self.networks.values():
            yield from entry.cidrs
        for behind in self.routed:
            yield behind.cidr

    def with_network(self, network: Network) -> "Directory":
        """Add a network, or change its name and ranges.

        Raises:
            NetworkNameInUse, NetworksOverlap: naming the other.
            DirectoryFull.
        """
        others = {known: entry for known, entry in self.networks.items() if known != network.id}
        if any(entry.name == network.name for entry in others.values()):
            raise NetworkNameInUse(network.name)
        held = [(f"network {entry.name}", taken) for entry in others.values() for taken in entry.cidrs]
        held += [(f"peer {behind.peer_id}", behind.cidr) for behind in self.routed]
        for (owner, taken), cidr in product(held, network.cidrs):
            if overlaps(cidr, taken):
                raise NetworksOverlap(str(cidr), owner, str(taken))
        entries = {**others, network.id: Entry(network.name, network.cidrs)}
        return self._next(networks=dict(sorted(entries.items())))

    def without_network(self, network_id: NetworkId) -> "Directory":
        left = {known: entry for known, entry in self.networks.items() if known != network_id}
        return self._next(networks=left)

    def with_routed(self, network_id: NetworkId, peer_id: PeerId, cidrs: tuple[Cidr, ...]) -> "Directory":
        """Set the CIDRs behind a peer, in place of those it had.

        Equal CIDRs may stand behind several jumps, never behind a regular peer and another.

        Raises:
            CidrInUse: one touches a network, or equals one behind another peer of its network.
            DirectoryFull.
        """
        for cidr, entry in product(cidrs, self.networks.values()):
            for taken in entry.cidrs:
                if overlaps(cidr, taken):
                    raise CidrInUse(str(cidr), f"it touches {taken} of network {entry.name}")
        others = tuple(behind for behind in self.routed if behind.peer_id != peer_id)
        for behind in others:
            shared = is_jump(peer_id) and is_jump(behind.peer_id)
            if behind.network_id == network_id and behind.cidr in cidrs and not shared:
                raise CidrInUse(str(behind.cidr), f"it already stands behind peer {behind.peer_id}")
        return self._next(routed=others + tuple(Routed(network_id, peer_id, cidr) for cidr in cidrs))

    def without_routed(self, *peer_ids: PeerId) -> "Directory":
        return self._next(routed=tuple(behind for behind in self.routed if behind.peer_id not in peer_ids))

    def behind(self, network_id: NetworkId) -> tuple[Routed, ...]:
        """The CIDRs behind the peers of a network."""
        return tuple(behind for behind in self.routed if behind.network_id == network_id)

    def _next(
        self, networks: Mapping[NetworkId, Entry] | None = None, routed: tuple[Routed, ...] | None = None
    ) -> "Directory":
        later = replace(
            self,
            version=self.version + 1,
            networks=self.networks if networks is None else networks,
            routed=self.routed if routed is None else routed,
        )
        size = sum(1 for _ in later.ranges())
        if size > MOST_RANGES and size > sum(1 for _ in self.ranges()):
            raise DirectoryFull(MOST_RANGES)
        return later
