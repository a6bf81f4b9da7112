"""Only agents whose bundle can change are told, and all of those are."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.acl import AclRule, Anything, OfTag
from chalicelib.domain.audience import NOBODY, Audience, audience
from chalicelib.domain.change import Affected, Change, What
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.peer import Kind, Peer
from tests.builders import T0, a_dynamic, a_jump, a_key, a_static
from tests.domain.populations import LANS, TAGS, Population, populations


def change(what: What, before: Peer | None = None, after: Peer | None = None, **fields: Any) -> Change:
    affected = () if before is after is None else (Affected(before, after),)
    return Change(NetworkId("net_lab"), Revision(7), T0, PrincipalId("tok_1"), what, affected, **fields)


def concerned(told: Audience, peer: Peer) -> bool:
    return told.everyone or peer.id in told.peers or (told.jumps and peer.kind is Kind.JUMP)


def test_a_peer_without_a_key_concerns_nobody() -> None:
    assert audience(change(What.PEER_CREATED, after=a_dynamic(keyed=False, behind=("192.168.2.0/24",)))) == NOBODY


def test_a_static_peer_concerns_the_jumps_alone() -> None:
    assert audience(change(What.PEER_CREATED, after=a_static())) == Audience(jumps=True)
    assert audience(change(What.PEER_DELETED, before=a_static())) == Audience(jumps=True)


def test_a_lan_behind_a_peer_concerns_everyone() -> None:
    assert audience(change(What.PEER_CREATED, after=a_static(behind=("192.168.2.0/24",)))).everyone


def test_an_enrolled_jump_concerns_everyone() -> None:
    assert audience(change(What.PEER_ENROLLED, a_jump(keyed=False), a_jump())).everyone


def test_an_enrolled_agent_concerns_itself_and_the_jumps() -> None:
    told = audience(change(What.PEER_ENROLLED, a_dynamic(keyed=False), a_dynamic()))

    assert told == Audience(jumps=True, peers=frozenset({a_dynamic().id}))


def test_a_deleted_agent_is_told_itself_also_when_it_never_enrolled() -> None:
    assert audience(change(What.PEER_DELETED, before=a_dynamic())).ended == {a_dynamic().id}
    assert audience(change(What.PEER_DELETED, before=a_static())).ended == frozenset()


def test_what_stands_in_no_bundle_concerns_nobody() -> None:
    before, noted = a_dynamic(), a_dynamic(metadata={"rack": "7"}, owner_id=PrincipalId("usr_1"))

    assert audience(change(What.PEER_UPDATED, before, noted)) == NOBODY
    assert audience(change(What.NETWORK_UPDATED, settings={"name": ("a", "b")})) == NOBODY
    assert audience(change(What.RANGE_RESERVED, settings={"reserved": ("", "x")})) == NOBODY


def test_a_new_name_concerns_the_jumps_which_serve_names() -> None:
    assert audience(change(What.PEER_UPDATED, a_dynamic(), a_dynamic(name="other"))) == Audience(jumps=True)


def test_rules_concern_the_jumps_and_ranges_everyone() -> None:
    assert audience(change(What.ACL_REPLACED)) == Audience(jumps=True)
    assert audience(change(What.NETWORK_UPDATED, settings={"cidr": ("a", "b")})).everyone


def test_a_new_token_ends_what_the_old_machine_holds_and_changes_no_bundle() -> None:
    told = audience(change(What.TOKEN_REISSUED, a_dynamic(), a_dynamic()))

    assert told == Audience(revoked=frozenset({a_dynamic().id}))


def test_many_peers_at_once_concern_whom_each_of_them_concerns() -> None:
    many = replace(change(What.PEER_CREATED), peers=(Affected(None, a_static(3)), Affected(None, a_dynamic(4))))

    assert audience(many) == Audience(jumps=True, peers=frozenset({a_dynamic(4).id}))


@given(populations(with_rules=True), st.data())
def test_an_agent_that_is_not_told_finds_the_same_bundle(population: Population, data: st.DataObject) -> None:
    """Render before and after any change: whoever differs must be told."""
    step, after = data.draw(st.one_of(peer_changes(population), network_changes(population)))
    told = audience(step)
    for peer in after.peers:
        if not peer.is_run_by_agent or peer.public_key is None:
            continue
        known = [one for one in population.peers if one.id == peer.id]
        if not known or known[0].public_key is None:
            assert concerned(told, peer)
            continue
        earlier, later = population.bundle(known[0]), after.bundle(peer)
        same = (earlier.tunnel, earlier.records, earlier.firewall, earlier.resolvers, known[0].is_blocked) == (
            later.tunnel,
            later.records,
            later.firewall,
            later.resolvers,
            peer.is_blocked,
        )
        assert same or concerned(told, peer), (step.what, peer.id)


@st.composite
def peer_changes(draw: st.DrawFn, population: Population) -> tuple[Change, Population]:
    """A creation, deletion, enrolment, or any field of a peer changed."""
    if not population.peers or draw(st.booleans()):
        kind = draw(st.sampled_from([a_jump, a_dynamic, a_static]))
        free = [lan for lan in LANS if all(lan not in peer.additional_allowed_ips for peer in population.peers)]
        behind = tuple(map(str, free[: draw(st.integers(0, 1))]))
        new = kind(40, behind=behind, keyed=draw(st.booleans()), keyed_since=Revision(50))
        return change(What.PEER_CREATED, after=new), population.with_peer(new)
    peer = draw(st.sampled_from(population.peers))
    if draw(st.booleans()):
        return change(What.PEER_DELETED, before=peer), population.without(peer.id)
    jumps: list[PeerId | None] = [None, *(jump.id for jump in population.jumps)]
    other: dict[str, st.SearchStrategy[Any]] = {
        "name": st.just("renamed"),
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
        {"endpoint": st.just("h.example"), "routed_cidrs": st.just(peer.additional_allowed_ips)}
        if peer.is_jump
        else {
            "is_isolated": st.booleans(),
            "full_encapsulation": st.booleans(),
            "dns": st.just(("9.9.9.9",)),
            "preferred_jump_id": st.sampled_from(jumps),
            "avoids": st.sampled_from([frozenset(), frozenset(jumps[1:2])]),
        }
    )
    if peer.kind is Kind.STATIC:
        other |= {"home_id": st.sampled_from(jumps), "epoch": st.just(9)}
    name = draw(st.sampled_from(sorted(other)))
    after = replace(peer, **{name: draw(other[name])})
    if name == "public_key" and peer.public_key is None:
        after = replace(after, keyed_since=Revision(60))
    return change(What.PEER_UPDATED, peer, after), population.with_peer(after)


@st.composite
def network_changes(draw: st.DrawFn, population: Population) -> tuple[Change, Population]:
    """Rules, or a setting of the network."""
    if draw(st.booleans()):
        rules = (AclRule(OfTag("web"), Anything(), False), *population.rules)
        return change(What.ACL_REPLACED), replace(population, rules=rules)
    other: dict[str, Any] = {
        "name": "other",
        "cidr": IPv4Network("10.9.0.0/24"),
        "domain": "other.internal",
        "dns": ("9.9.9.9",),
    }
    name = draw(st.sampled_from(sorted(other)))
    network = replace(population.network, **{name: other[name]})
    return change(What.NETWORK_UPDATED, settings={name: ("a", "b")}), replace(population, network=network)
