"""The directory keeps the ranges of a deployment apart, one item for each block of the address space.

A block is an IPv4 /8 or an IPv6 /16: no range of a network or behind a peer is larger, so each lies in one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, ip_address, ip_network
from typing import NewType

from chalicelib.domain.cidr import Cidr, overlaps
from chalicelib.domain.ids import NetworkId, PeerId, is_jump
from chalicelib.domain.network.errors import DirectoryFull, TooManyBlocks
from chalicelib.domain.network.network import Network

BlockKey = NewType("BlockKey", str)

BLOCK_PREFIX = {4: 8, 6: 16}
MOST_BYTES = 350_000  # of a block's ranges as text, in an item of at most 400 KB
MOST_BLOCKS = 12  # of one change: with 40 CIDRs replaced by as many, its transaction has 100 items


@dataclass(frozen=True, slots=True)
class Held:
    """A range of a network, or behind one of its peers."""

    cidr: Cidr
    network_id: NetworkId
    peer_id: PeerId | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """What is taken of a block. `version` 0: it was never written."""

    key: BlockKey
    version: int = 0
    held: tuple[Held, ...] = ()

    @property
    def size_bytes(self) -> int:
        """About what its ranges take in storage."""
        return sum(len(one.network_id) + len(one.peer_id or "") + len(str(one.cidr)) + 16 for one in self.held)


class RangeTaken(Exception):
    """A range, or an endpoint, meets one that is taken."""

    def __init__(self, asked: Cidr | str, held: Held) -> None:
        super().__init__(f"{asked} meets {held.cidr}")
        self.asked = asked
        self.held = held


@dataclass(frozen=True, slots=True)
class Directory:
    """The blocks that a decision reads, `stored` as they were and `blocks` as it changes them.

    Each changed block is written only if its version is still the stored one, so two overlapping
    claims cannot both succeed.
    """

    stored: Mapping[BlockKey, Block]
    blocks: Mapping[BlockKey, Block] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", {**self.stored, **self.blocks})

    def ranges(self) -> Iterator[Cidr]:
        """Everything that is taken of the blocks."""
        return (one.cidr for block in self.blocks.values() for one in block.held)

    def changed(self) -> tuple[Block, ...]:
        """The blocks to write, each at its next version."""
        return tuple(
            replace(block, version=block.version + 1)
            for key, block in sorted(self.blocks.items())
            if block.held != self.stored[key].held
        )

    def with_network(self, network: Network) -> "Directory":
        """Set the ranges of a network, in place of those it had.

        Raises:
            RangeTaken: one meets another network, or a CIDR behind a peer.
            DirectoryFull.
        """
        others = self._without(lambda one: one.network_id == network.id and one.peer_id is None)
        for cidr in network.cidrs:
            for one in others.blocks[block_of(cidr)].held:
                if overlaps(cidr, one.cidr):
                    raise RangeTaken(cidr, one)
        return others._with(Held(cidr, network.id) for cidr in network.cidrs)

    def without_network(self, network_id: NetworkId) -> "Directory":
        return self._without(lambda one: one.network_id == network_id and one.peer_id is None)

    def with_routed(self, network_id: NetworkId, peer_id: PeerId, cidrs: tuple[Cidr, ...]) -> "Directory":
        """Set the CIDRs behind a peer, in place of those it had.

        Equal CIDRs may stand behind several jumps, never behind a regular peer and another.

        Raises:
            RangeTaken: one meets a network, or equals one behind another peer of its network.
            TooManyBlocks, DirectoryFull.
        """
        others = self._without(lambda one: one.peer_id == peer_id)
        for cidr in cidrs:
            for one in others.blocks[block_of(cidr)].held:
                if one.peer_id is None and overlaps(cidr, one.cidr):
                    raise RangeTaken(cidr, one)
                if one.peer_id is None or (one.network_id, one.cidr) != (network_id, cidr):
                    continue
                if not (is_jump(peer_id) and is_jump(one.peer_id)):
                    raise RangeTaken(cidr, one)
        after = others._with(Held(cidr, network_id, peer_id) for cidr in cidrs)
        if sum(after.blocks[key] != block for key, block in self.blocks.items()) > MOST_BLOCKS:
            raise TooManyBlocks(MOST_BLOCKS)
        return after

    def without_routed(self, *peer_ids: PeerId) -> "Directory":
        return self._without(lambda one: one.peer_id in peer_ids)

    def require_outside(self, endpoint: str, owner: PeerId, network_id: NetworkId) -> None:
        """Refuse an endpoint, an address, that lies in a network or in a CIDR behind another peer of its own.

        Raises:
            RangeTaken.
        """
        at = ip_address(endpoint)
        for one in self.blocks[block_of(ip_network(at))].held:
            is_beside = one.peer_id is not None and (one.network_id != network_id or one.peer_id == owner)
            if at in one.cidr and not is_beside:
                raise RangeTaken(endpoint, one)

    def _without(self, is_gone: Callable[[Held], bool]) -> "Directory":
        left = {
            key: replace(block, held=tuple(one for one in block.held if not is_gone(one)))
            for key, block in self.blocks.items()
        }
        return replace(self, blocks=left)

    def _with(self, new: Iterable[Held]) -> "Directory":
        held = {key: list(block.held) for key, block in self.blocks.items()}
        for one in new:
            held[block_of(one.cidr)].append(one)
        blocks = {key: replace(block, held=tuple(held[key])) for key, block in self.blocks.items()}
        for key, block in blocks.items():
            if len(block.held) > len(self.blocks[key].held) and block.size_bytes > MOST_BYTES:
                raise DirectoryFull(_written(key))
        return replace(self, blocks=blocks)


def block_of(cidr: Cidr) -> BlockKey:
    """The block in which a range lies, `10` or `fd12`.

    Raises:
        ValueError: it is larger than a block.
    """
    block = cidr.supernet(new_prefix=BLOCK_PREFIX[cidr.version])
    address = block.network_address
    return BlockKey(str(int(address) >> 24) if isinstance(block, IPv4Network) else f"{int(address) >> 112:04x}")


def blocks_of(cidrs: Iterable[Cidr], endpoint: str | None = None) -> frozenset[BlockKey]:
    """The blocks in which ranges, and an endpoint that is an address, lie."""
    try:
        at = [] if endpoint is None else [ip_network(endpoint)]
    except ValueError:  # a host name
        at = []
    return frozenset(map(block_of, (*cidrs, *at)))


def _written(key: BlockKey) -> str:
    return f"{key}.0.0.0/8" if len(key) < 4 else f"{key}::/16"
