"""Networks of one deployment never overlap."""

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import Cidr
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.directory import (
    MOST_BLOCKS,
    MOST_BYTES,
    Block,
    BlockKey,
    Directory,
    Held,
    RangeTaken,
    block_of,
    blocks_of,
)
from chalicelib.domain.network.errors import DirectoryFull, TooManyBlocks
from chalicelib.domain.network.network import Network
from tests.builders import a_network

NET, OTHER = NetworkId("net_a"), NetworkId("net_b")


def an_empty(*cidrs: str) -> Directory:
    """The blocks of ranges, never written."""
    return Directory({key: Block(key) for key in blocks_of(map(ip_network, cidrs))})


EMPTY = an_empty("10.0.0.0/8", "192.168.0.0/16", "fd00::/48")


def test_an_overlap_tells_what_it_meets() -> None:
    office = a_network("10.0.0.0/16", name="office")
    directory = EMPTY.with_network(office)

    with pytest.raises(RangeTaken) as taken:
        directory.with_network(a_network("10.0.3.0/24", name="lab"))

    assert taken.value.asked == IPv4Network("10.0.3.0/24")
    assert taken.value.held == Held(office.cidr, office.id)


def test_neighbours_do_not_overlap() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24", name="one"))

    assert len(list(directory.with_network(a_network("10.0.1.0/24", name="two")).ranges())) == 2


def test_ipv6_ranges_count_too() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24", "fd00::/48", name="one"))

    with pytest.raises(RangeTaken):
        directory.with_network(a_network("10.1.0.0/24", "fd00::/64", name="two"))


def test_a_network_that_grows_meets_all_but_itself() -> None:
    lab = a_network("10.0.0.0/24")
    directory = EMPTY.with_network(lab)

    grown = directory.with_network(replace(lab, cidr=IPv4Network("10.0.0.0/23")))

    assert list(grown.ranges()) == [IPv4Network("10.0.0.0/23")]


def test_a_cidr_behind_a_peer_touches_no_network() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24"))

    with pytest.raises(RangeTaken):
        directory.with_routed(OTHER, PeerId("dyn_1"), (ip_network("10.0.0.0/8"),))


def test_two_networks_may_have_the_same_lan_behind_a_peer_but_one_network_may_not() -> None:
    lan = (ip_network("192.168.1.0/24"),)
    directory = EMPTY.with_routed(NET, PeerId("dyn_1"), lan)

    assert len(list(directory.with_routed(OTHER, PeerId("dyn_2"), lan).ranges())) == 2
    with pytest.raises(RangeTaken) as taken:
        directory.with_routed(NET, PeerId("dyn_3"), lan)
    assert taken.value.held.peer_id == "dyn_1"


def test_jumps_may_share_a_lan() -> None:
    lan = (ip_network("192.168.1.0/24"),)
    directory = EMPTY.with_routed(NET, PeerId("jmp_1"), lan)

    assert len(list(directory.with_routed(NET, PeerId("jmp_2"), lan).ranges())) == 2
    with pytest.raises(RangeTaken):
        directory.with_routed(NET, PeerId("dyn_1"), lan)


def test_a_network_does_not_swallow_a_cidr_behind_a_peer() -> None:
    directory = EMPTY.with_routed(NET, PeerId("dyn_1"), (ip_network("192.168.1.0/24"),))

    with pytest.raises(RangeTaken):
        directory.with_network(a_network("192.168.0.0/16"))


@pytest.mark.parametrize(
    ("endpoint", "owner", "is_refused"),
    [
        ("10.0.0.9", "jmp_9", True),  # in a network
        ("192.168.1.9", "jmp_9", True),  # behind another peer
        ("192.168.1.9", "dyn_1", False),  # behind itself
        ("192.168.2.9", "jmp_9", False),  # behind a peer of another network
        ("192.168.3.9", "jmp_9", False),
    ],
)
def test_an_endpoint_lies_in_no_network_and_behind_no_other_peer(endpoint: str, owner: str, is_refused: bool) -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24"))
    directory = directory.with_routed(NET, PeerId("dyn_1"), (ip_network("192.168.1.0/24"),))
    directory = directory.with_routed(OTHER, PeerId("dyn_2"), (ip_network("192.168.2.0/24"),))

    if not is_refused:
        directory.require_outside(endpoint, PeerId(owner), NET)
        return
    with pytest.raises(RangeTaken):
        directory.require_outside(endpoint, PeerId(owner), NET)


def test_only_what_changed_is_written_at_its_next_version() -> None:
    lab = a_network("10.0.0.0/24")
    [block] = EMPTY.with_network(lab).changed()

    assert block == Block(BlockKey("10"), 1, (Held(lab.cidr, lab.id),))
    assert EMPTY.with_network(lab).without_network(lab.id).changed() == ()


def test_a_network_that_moves_leaves_its_old_block() -> None:
    lab = a_network("10.0.0.0/24")
    stored = Directory(EMPTY.with_network(lab).blocks)

    moved = stored.with_network(replace(lab, cidr=IPv4Network("192.168.7.0/24")))

    assert [(block.key, len(block.held)) for block in moved.changed()] == [("10", 0), ("192", 1)]


def a_full_block(key: str, first: int, count: int) -> Directory:
    """One with as many /32 or /128 behind peers of another network as it holds."""
    kind = IPv6Network if len(key) == 4 else IPv4Network
    held = tuple(Held(kind(first + n), OTHER, PeerId(f"dyn_{n:026}")) for n in range(count))
    block = Block(BlockKey(key), 1, held)
    spare = (MOST_BYTES - block.size_bytes) // (block.size_bytes // count)
    assert spare < count
    return Directory({block.key: block})


@pytest.mark.parametrize(
    ("key", "first", "count", "written"),
    [("10", 10 << 24, 5_500, "10.0.0.0/8"), ("fd12", 0xFD12 << 112, 4_800, "fd12::/16")],
)
def test_a_block_is_bounded_by_bytes(key: str, first: int, count: int, written: str) -> None:
    full = a_full_block(key, first, count)
    many = tuple(ip_network(first + 2**20 + n) for n in range(2_000))

    with pytest.raises(DirectoryFull, match=written):
        full.with_routed(NET, PeerId("dyn_1"), many)

    [left] = full.without_routed(PeerId(f"dyn_{0:026}")).changed()  # it can always be made smaller
    assert left.size_bytes < full.blocks[left.key].size_bytes


def test_one_change_reaches_few_blocks() -> None:
    spread = [ip_network(f"{n}.0.0.0/16") for n in range(20, 20 + MOST_BLOCKS + 1)]
    directory = an_empty(*map(str, spread))

    with pytest.raises(TooManyBlocks):
        directory.with_routed(NET, PeerId("dyn_1"), tuple(spread))
    directory.with_routed(NET, PeerId("dyn_1"), tuple(spread[:-1]))


@pytest.mark.parametrize(
    ("cidr", "key"),
    [("10.0.0.0/8", "10"), ("10.255.0.0/30", "10"), ("192.168.1.1/32", "192"), ("fd12:3456::/32", "fd12")],
)
def test_a_range_lies_in_one_block(cidr: str, key: str) -> None:
    assert block_of(ip_network(cidr)) == key


@pytest.mark.parametrize("cidr", ["0.0.0.0/7", "8000::/1"])
def test_a_range_larger_than_a_block_has_none(cidr: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        block_of(ip_network(cidr))


CIDRS = st.one_of(
    st.tuples(st.integers(0, 2**24 - 1), st.integers(8, 30)).map(
        lambda at: ip_network(((10 << 24) + at[0], at[1]), strict=False)
    ),
    st.tuples(st.integers(0, 2**16 - 1), st.integers(16, 30)).map(
        lambda at: ip_network(((192 << 24) + (168 << 16) + at[0], at[1]), strict=False)
    ),
)


@given(st.lists(CIDRS, max_size=8))
def test_whatever_is_accepted_is_disjoint_and_what_is_refused_overlaps(asked: list[Cidr]) -> None:
    directory, taken = EMPTY, list[Network]()
    for n, cidr in enumerate(asked):
        network = a_network(str(cidr), name=f"n{n}")
        is_free = not any(network.cidr.overlaps(one.cidr) for one in taken)
        try:
            directory = directory.with_network(network)
        except RangeTaken:
            assert not is_free
            continue
        assert is_free
        taken.append(network)

    ranges = [one for one in directory.ranges() if isinstance(one, IPv4Network)]
    assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))
    assert len(ranges) == len(taken)
