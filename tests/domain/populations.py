"""Whole networks for properties: everything that can stand in a configuration, in any mixture."""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.bundle.bundle import Bundle, bundle_of
from chalicelib.domain.bundle.snapshot import Snapshot
from chalicelib.domain.cidr import Cidr, parse_cidr
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, Anything, OfCidr, OfPeer, OfTag, Ports, Protocol, Selector
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.home import first_home, serving
from chalicelib.domain.peer.peer import Kind, Peer, Rotation
from chalicelib.domain.tunnel.psk import preshared_keys
from tests.builders import a_key, a_network, a_peer

PSK = preshared_keys(b"s" * 32)
LANS = [  # nested in each other on purpose
    parse_cidr("lan", text)
    for text in (
        "192.168.0.0/16",
        "192.168.1.0/24",
        "192.168.1.128/25",
        "192.168.2.0/24",
        "172.20.0.0/16",
        "172.20.1.0/24",
        "fd01::/48",
        "fd01:0:0:1::/64",
    )
]
TAGS = ["web", "db"]


@dataclass(frozen=True)
class Population:
    """A network with all its peers and rules."""

    network: Network
    peers: tuple[Peer, ...]
    rules: tuple[AclRule, ...] = ()

    @property
    def jumps(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.is_jump]

    @property
    def hubs(self) -> list[Peer]:
        return serving(self.jumps)

    @property
    def regular(self) -> list[Peer]:
        return [peer for peer in self.peers if not peer.is_jump]

    def get(self, peer_id: str) -> Peer:
        return next(peer for peer in self.peers if peer.id == peer_id)

    def with_peer(self, changed: Peer) -> "Population":
        others = [peer for peer in self.peers if peer.id != changed.id]
        return replace(self, peers=(*others, changed))

    def without(self, peer_id: PeerId) -> "Population":
        return replace(self, peers=tuple(peer for peer in self.peers if peer.id != peer_id))

    def bundle(self, peer: Peer) -> Bundle:
        acl = Acl(self.network.id, 1, self.rules)
        return bundle_of(Snapshot(self.network, peer, self.peers, acl), PSK)


@st.composite
def populations(draw: st.DrawFn, with_rules: bool = False) -> Population:
    """Up to 4 jumps and 9 other peers."""
    network = a_network("10.0.0.0/24", draw(st.sampled_from([None, "fd00::/64"])), epoch=draw(st.integers(1, 3)))
    jumps = [
        a_peer(Kind.JUMP, number, keyed=draw(mostly()), keyed_since=Revision(draw(st.integers(1, 9))))
        for number in range(1, 1 + draw(st.integers(0, 4)))
    ]
    ids = [jump.id for jump in jumps]
    network = replace(network, down=draw(some(ids)), preferences=dict.fromkeys(ids, 0))
    kinds = draw(st.lists(st.sampled_from([Kind.DYNAMIC, Kind.STATIC]), max_size=9))
    regular = [a_peer(kind, number, keyed=draw(mostly())) for number, kind in enumerate(kinds, start=10)]
    free = draw(st.permutations(LANS))
    peers: list[Peer] = []
    for peer in [*jumps, *regular]:
        behind, free = behind_of(draw, peer, free, peers)
        peers.append(replace(peer, additional_allowed_ips=behind, **traits(draw, peer, ids)))
    known = serving(peers)
    placed = tuple(
        replace(peer, home_id=first_home(peer, known, network.down) if draw(mostly()) else None)
        if peer.kind is Kind.STATIC
        else peer
        for peer in peers
    )
    rules = draw(st.lists(acl_rules(placed), max_size=4)) if with_rules else []
    return Population(network, placed, tuple(rules))


def behind_of(draw: st.DrawFn, peer: Peer, free: list[Cidr], others: list[Peer]) -> tuple[tuple[Cidr, ...], list[Cidr]]:
    """CIDRs behind a peer: of its own, and for jumps some that other jumps have too."""
    count = draw(st.sampled_from([0, 0, 1, 2]))
    behind, left = tuple(free[:count]), free[count:]
    if peer.is_jump:
        shared = [cidr for other in others if other.is_jump for cidr in other.additional_allowed_ips]
        behind += tuple(sorted(draw(some(shared)), key=str))
    return behind, left


def traits(draw: st.DrawFn, peer: Peer, jumps: list[PeerId]) -> dict[str, Any]:
    common = {
        "blocked_by": draw(st.sampled_from([(), (), (), ("manual",)])),
        "tags": tuple(sorted(draw(some(TAGS)))),
        **(keys(draw, peer) if peer.is_run_by_agent and peer.public_key is not None else {}),
    }
    if peer.is_jump:
        return common
    return {
        **common,
        "is_isolated": draw(st.booleans()),
        "full_encapsulation": draw(st.sampled_from([False, False, True])),
        "preferred_jump_id": draw(st.sampled_from([None, *jumps])),
        "avoids": draw(some(jumps)) if peer.kind is Kind.DYNAMIC else frozenset(),
        **({"epoch": draw(st.integers(1, 3))} if peer.kind is Kind.STATIC else {}),
    }


def keys(draw: st.DrawFn, peer: Peer) -> dict[str, Any]:
    """A rotation of an agent's key at any step."""
    is_staged = draw(st.booleans())
    return {
        "staged_key": a_key(f"{peer.id} staged") if is_staged else None,
        "staged_since": Revision(1) if is_staged else None,
        "retired_key": draw(st.sampled_from([None, a_key(f"{peer.id} retired")])),
        "rotation": draw(st.sampled_from([None, *Rotation])),
        "epoch": draw(st.sampled_from([None, 1, 2, 3])),
    }


def acl_rules(peers: tuple[Peer, ...]) -> st.SearchStrategy[AclRule]:
    selectors: list[Selector] = [Anything(), OfTag("web"), OfTag("none"), OfCidr(LANS[1])]
    selectors += [OfPeer(peer.id) for peer in peers]
    ports = st.sampled_from([(), (Ports(22, 22), Ports(8000, 8010))])
    return st.builds(
        lambda source, destination, allows, found: AclRule(
            source, destination, allows, Protocol.TCP if found else None, found
        ),
        st.sampled_from(selectors),
        st.sampled_from(selectors),
        st.booleans(),
        ports,
    )


def some(values: list[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), max_size=2) if values else st.just(frozenset())


def mostly() -> st.SearchStrategy[bool]:
    return st.sampled_from([True, True, True, False])
