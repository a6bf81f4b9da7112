"""Only agents whose bundle can change are told, and all of those are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audience import NOBODY, Audience, audience
from chalicelib.domain.change import Change, What
from chalicelib.domain.ids import NetworkId, PrincipalId, Revision
from chalicelib.domain.peer import Kind, Peer
from tests.builders import T0, a_dynamic, a_jump, a_static
from tests.domain.test_tunnel import populations, tunnels


def change(what: What, before: Peer | None = None, after: Peer | None = None) -> Change:
    return Change(NetworkId("net_lab"), Revision(7), T0, PrincipalId("tok_1"), what, before, after)


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
    pending = a_jump(keyed=False)

    assert audience(change(What.PEER_ENROLLED, pending, a_jump())).everyone


def test_an_enrolled_agent_concerns_itself_and_the_jumps() -> None:
    told = audience(change(What.PEER_ENROLLED, a_dynamic(keyed=False), a_dynamic()))

    assert told == Audience(jumps=True, peers=frozenset({a_dynamic().id}))


def test_a_deleted_agent_is_told_itself_also_when_it_never_enrolled() -> None:
    assert audience(change(What.PEER_DELETED, before=a_dynamic())).ended == a_dynamic().id
    assert audience(change(What.PEER_DELETED, before=a_static())).ended is None


@given(populations(), st.data())
def test_an_agent_that_is_not_told_finds_the_same_bundle(peers: list[Peer], data: st.DataObject) -> None:
    """Render before and after any enrolment, creation or deletion: whoever differs must be told."""
    target = data.draw(st.sampled_from(peers))
    others = [peer for peer in peers if peer.id != target.id]
    pending, known = replace(target, public_key=None), replace(target, public_key=target.public_key or "key")
    steps = [
        (change(What.PEER_CREATED, after=target), others, [*others, target]),
        (change(What.PEER_DELETED, before=target), [*others, target], others),
        (change(What.PEER_ENROLLED, pending, known), [*others, pending], [*others, known]),
    ]
    for step, before, after in steps:
        told = audience(step)
        earlier, later = tunnels(before), tunnels(after)
        for peer in others:
            if peer.is_run_by_agent and peer.public_key and earlier[peer.id] != later[peer.id]:
                assert concerned(told, peer), (step.what, peer.id)
