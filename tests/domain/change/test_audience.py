"""Only agents whose bundle can change are told, and all of those are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.change.audience import NOBODY, Audience, audience
from chalicelib.domain.change.change import Affected, What
from chalicelib.domain.change.difference import difference
from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.network.addresses import Reservation, Span
from chalicelib.domain.peer.peer import Peer, Rotation
from tests.builders import a_dynamic, a_jump, a_network, a_static
from tests.domain.populations import Population, populations
from tests.domain.steps import change, steps


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
    renamed = difference(a_network(), replace(a_network(), name="other"))
    assert audience(change(What.NETWORK_UPDATED, network=renamed)) == NOBODY
    reserved = difference(a_network(), a_network().with_reservation(Reservation(Span(4, 5))))
    assert audience(change(What.RANGE_RESERVED, network=reserved)) == NOBODY


def test_a_new_name_concerns_the_jumps_which_serve_names() -> None:
    assert audience(change(What.PEER_UPDATED, a_dynamic(), a_dynamic(name="other"))) == Audience(jumps=True)


def test_rules_concern_the_jumps_and_ranges_everyone() -> None:
    assert audience(change(What.ACL_REPLACED)) == Audience(jumps=True)
    moved = difference(a_network(), a_network("10.9.0.0/24"))
    assert audience(change(What.NETWORK_UPDATED, network=moved)).everyone


def test_marks_of_jumps_concern_whoever_they_move() -> None:
    marked = difference(a_network(), a_network(down=frozenset({a_jump().id})))
    assert audience(change(What.JUMP_DOWN, network=marked)) == Audience(homes=True)


def test_a_new_token_ends_what_the_old_machine_holds_and_changes_no_bundle() -> None:
    told = audience(change(What.TOKEN_REISSUED, a_dynamic(), a_dynamic()))

    assert told == Audience(revoked=frozenset({a_dynamic().id}))


def test_a_peer_that_its_agent_left_is_off_the_jumps_and_proves_itself_no_more() -> None:
    told = audience(change(What.PEER_LEFT, a_dynamic(), a_dynamic(public_key=None)))

    assert told == Audience(jumps=True, revoked=frozenset({a_dynamic().id}))


def test_a_jump_that_its_agent_left_concerns_everyone() -> None:
    told = audience(change(What.PEER_LEFT, a_jump(), a_jump(public_key=None)))

    assert told.everyone
    assert told.revoked == frozenset({a_jump().id})


def test_many_peers_at_once_concern_whom_each_of_them_concerns() -> None:
    many = replace(change(What.PEER_CREATED), peers=(Affected(None, a_static(3)), Affected(None, a_dynamic(4))))

    assert audience(many) == Audience(jumps=True, peers=frozenset({a_dynamic(4).id}))


@given(populations(with_rules=True), st.data())
def test_an_agent_that_is_not_told_finds_the_same_bundle(population: Population, data: st.DataObject) -> None:
    """Render before and after any change: whoever differs must be told."""
    step, after = data.draw(steps(population))
    told = audience(step)
    for peer in after.peers:
        if not peer.is_run_by_agent or peer.public_key is None:
            continue
        known = [one for one in population.peers if one.id == peer.id]
        if not known or known[0].public_key is None:
            assert told.concerns(peer.id)
            continue
        earlier, later = population.bundle(known[0]), after.bundle(peer)
        same = (earlier.tunnel, earlier.records, earlier.firewall, earlier.resolvers, _said(known[0])) == (
            later.tunnel,
            later.records,
            later.firewall,
            later.resolvers,
            _said(peer),
        )
        assert same or told.concerns(peer.id), (step.what, peer.id)


def _said(peer: Peer) -> object:
    """What a bundle says of its own peer beside its tunnel."""
    return peer.is_blocked, peer.public_key, peer.staged_key, peer.rotation is Rotation.WANTED, peer.epoch
