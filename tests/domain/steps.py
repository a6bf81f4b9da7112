"""Steps from one population to the next, each with its change record."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import difference
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.acl import AclRule, Anything, OfTag
from chalicelib.domain.peer.peer import Kind, Peer, Rotation
from tests.builders import T0, a_dynamic, a_jump, a_key, a_static
from tests.domain.populations import LANS, TAGS, Population, some


def change(what: What, before: Peer | None = None, after: Peer | None = None, **fields: Any) -> Change:
    affected = () if before is after is None else (Affected(before, after),)
    return Change(NetworkId("net_lab"), Revision(7), T0, PrincipalId("tok_1"), what, affected, **fields)


def steps(population: Population) -> st.SearchStrategy[tuple[Change, Population]]:
    return st.one_of(peer_changes(population), network_changes(population))


@st.composite
def peer_changes(draw: st.DrawFn, population: Population) -> tuple[Change, Population]:
    """A creation, deletion, enrolment, or any field of a peer changed."""
    if not population.peers or draw(st.booleans()):
        kind = draw(st.sampled_from([a_jump, a_dynamic, a_static]))
        free = [lan for lan in LANS if all(lan not in peer.additional_allowed_ips for peer in population.peers)]
        behind = tuple(map(str, free[: draw(st.integers(0, 1))]))
        new = kind(40 + len(population.peers), behind=behind, keyed=draw(st.booleans()), keyed_since=Revision(50))
        return change(What.PEER_CREATED, after=new), population.with_peer(new)
    peer = draw(st.sampled_from(population.peers))
    if draw(st.booleans()):
        return change(What.PEER_DELETED, before=peer), population.without(peer.id)
    jumps: list[PeerId | None] = [None, *(jump.id for jump in population.jumps)]
    other: dict[str, st.SearchStrategy[Any]] = {
        "name": st.just(f"renamed {peer.id}"),
        "public_key": st.just(a_key("another")),
        "listen_port": st.just(4444),
        "persistent_keepalive": st.just(7),
        "mtu": st.just(1333),
        "tags": st.sampled_from([(), ("web",), tuple(TAGS)]),
        "blocked_by": st.sampled_from([(), ("manual",), ("inc_1", "manual")]),
        "additional_allowed_ips": st.just(()),
        "metadata": st.just({"a": "b"}),
    }
    other |= (
        {
            "endpoint": st.just("h.example"),
            "published_port": st.sampled_from([None, 443, 51820]),
            "routed_cidrs": st.just(peer.additional_allowed_ips),
        }
        if peer.is_jump
        else {
            "is_isolated": st.booleans(),
            "full_encapsulation": st.booleans(),
            "dns": st.just(("9.9.9.9",)),
            "preferred_jump_id": st.sampled_from(jumps),
            "avoids": st.sampled_from([frozenset(), frozenset(jumps[1:2])]),
        }
    )
    if peer.is_run_by_agent and peer.public_key is not None:
        other |= {
            "staged_key": st.sampled_from([None, a_key("staged another")]),
            "rotation": st.sampled_from([None, *Rotation]),
            "epoch": st.sampled_from([None, 2, population.network.epoch]),
        }
    if peer.kind is Kind.DYNAMIC:
        other |= {"awaits_approval": st.booleans()}
    if peer.kind is Kind.STATIC:
        other |= {"home_id": st.sampled_from(jumps), "epoch": st.just(9)}
    name = draw(st.sampled_from(sorted(other)))
    after = replace(peer, **{name: draw(other[name])})
    if name == "public_key" and peer.public_key is None:
        after = replace(after, keyed_since=Revision(60))
    return change(What.PEER_UPDATED, peer, after), population.with_peer(after)


@st.composite
def network_changes(draw: st.DrawFn, population: Population) -> tuple[Change, Population]:
    """Rules, marks of jumps, or a setting of the network."""
    if draw(st.booleans()):
        rules = (AclRule(OfTag("web"), Anything(), False), *population.rules)
        return change(What.ACL_REPLACED), replace(population, rules=rules)
    is_mark: bool = draw(st.booleans())
    if population.jumps and is_mark:
        down = draw(some([jump.id for jump in population.jumps]))
        network = replace(population.network, down=down)
        marks = difference(population.network, network)
        return change(What.JUMP_DOWN, network=marks), replace(population, network=network)
    other: dict[str, Any] = {
        "name": "other",
        "cidr": IPv4Network("10.9.0.0/24"),
        "domain": "other.internal",
        "dns": ("9.9.9.9",),
        "epoch": 4,
    }
    name = draw(st.sampled_from(sorted(other)))
    network = replace(population.network, **{name: other[name]})
    other_settings = difference(population.network, network)
    return change(What.NETWORK_UPDATED, network=other_settings), replace(population, network=network)
