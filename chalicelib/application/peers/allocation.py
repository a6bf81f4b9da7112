"""Which host indexes new peers get.

Requests of a round, whatever the size of the network and however many it gives: 1; after reserved
ranges were released up to FEW_GAPS more, until those are used up; 1 more when nothing is left but
quarantine; 1 for each address that is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.network.addresses import Allocation, Span, free_of, index_of
from chalicelib.domain.network.errors import AddressPoolExhausted, AddressReserved
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import AddressInUse
from chalicelib.ports.allocation import AllocationStore


@dataclass(frozen=True, slots=True)
class Allocator:
    allocations: AllocationStore

    def round(self, network: Network) -> "Round":
        """Begin to give indexes of a network as it is stored."""
        return Round(self.allocations, network)


FEW_GAPS = 4  # each is a query; the others are looked at when nothing else is left


class Round:
    """Gives each index once; `network` remembers what was handed out."""

    def __init__(self, allocations: AllocationStore, network: Network) -> None:
        self._allocations = allocations
        self._given: set[int] = set()
        self._looked_at: list[Span] = []
        self._looking_from = network.next_index
        self._free = self._all_free(network)
        self.network = network

    def give(self, address: str | None) -> Allocation:
        """Choose an index.

        Args:
            address: one that is asked for, which ends its quarantine; None: the next free one.

        Raises:
            AddressInUse, AddressReserved, AddressPoolExhausted.
        """
        allocation = self._next() if address is None else self._asked(address)
        self._given.add(allocation.index)
        return allocation

    def _next(self) -> Allocation:
        for allocation in self._free:
            if allocation.index not in self._given:
                if allocation.freed_at is None:
                    looked_at = [*self._looked_at, Span(self._looking_from, allocation.index)]
                    self.network = self.network.handed_out(allocation.index, looked_at)
                return allocation
        raise AddressPoolExhausted(str(self.network.cidr))

    def _asked(self, address: str) -> Allocation:
        index = index_of(self.network.cidr, address)
        if self.network.is_reserved(index):
            raise AddressReserved(address)
        held = self._allocations.get(self.network.id, index)
        if index in self._given or (held is not None and held.freed_at is None):
            raise AddressInUse(address)
        return held or Allocation(index)

    def _all_free(self, network: Network) -> Iterator[Allocation]:
        """What was never handed out, then what waits longest in quarantine; read as far as needed."""
        gaps = network.passed_over()
        for spans in (*((gap,) for gap in gaps[:FEW_GAPS]), network.fresh(), gaps[FEW_GAPS:]):
            yield from self._free_in(network, spans)
        for freed in self._allocations.freed(network.id):
            if network.is_assignable(freed.index):
                yield freed

    def _free_in(self, network: Network, spans: tuple[Span, ...]) -> Iterator[Allocation]:
        """By one query of everything from the first span to the last."""
        if not spans:
            return
        around = Span(spans[0].first, spans[-1].last)
        self._looking_from = around.first
        stored = self._allocations.taken(network.id, around)
        yield from map(Allocation, free_of(spans, (held.allocation.index for held in stored)))
        self._looked_at.append(around)
