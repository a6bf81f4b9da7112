"""Which host index a new peer gets.

Requests: 1, whatever the size of the network; 1 more when nothing is left but quarantine.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import merge

from chalicelib.domain.errors import AddressInUse, AddressPoolExhausted, AddressReserved
from chalicelib.domain.ipam import Allocation, Span, first_free, index_of
from chalicelib.domain.network import Network
from chalicelib.ports import AllocationStore


@dataclass(frozen=True, slots=True)
class Allocator:
    allocations: AllocationStore

    def allocate(
        self, network: Network, address: str | None, given: Collection[int] = ()
    ) -> tuple[Network, Allocation]:
        """Choose an index, and the network that remembers it.

        Args:
            address: one that is asked for, which ends its quarantine; None: the next free one.
            given: indexes chosen before in the same commit.

        Raises:
            AddressInUse, AddressReserved, AddressPoolExhausted.
        """
        if address is not None:
            return network, self._asked(network, address, given)
        for span in network.unused():
            index = first_free(span, self._taken(network, span, given))
            if index is not None:
                return network.handed_out(index), Allocation(index)
        for freed in self.allocations.freed(network.id):
            if network.is_assignable(freed.index) and freed.index not in given:
                return network, freed
        raise AddressPoolExhausted(str(network.cidr))

    def _asked(self, network: Network, address: str, given: Collection[int]) -> Allocation:
        index = index_of(network.cidr, address)
        if network.is_reserved(index):
            raise AddressReserved(address)
        held = self.allocations.get(network.id, index)
        if index in given or (held is not None and held.freed_at is None):
            raise AddressInUse(address)
        return held or Allocation(index)

    def _taken(self, network: Network, span: Span, given: Collection[int]) -> Iterable[int]:
        stored = (held.allocation.index for held in self.allocations.taken(network.id, span))
        return merge(sorted(index for index in given if index in span), stored)
