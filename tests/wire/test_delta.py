"""Differences of bundles: exact, small, and refused where they do not fit."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.bundle.bundle import bundle_of
from chalicelib.domain.bundle.snapshot import is_whole, reroutes, snapshots
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.peer.peer import Peer
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import content_hash, content_of, decode, encode
from chalicelib.wire.delta import Delta, Misfit, difference, patched
from tests.builders import a_dynamic, a_jump, a_key, a_network, a_static
from tests.domain.populations import PSK, Population, populations
from tests.domain.steps import change, steps

SUCCESSOR = "c3VjY2Vzc29y"


def full(population: Population, peer: Peer) -> Bundle:
    return shown(population.bundle(peer), 1, SUCCESSOR)


def content(bundle: Bundle) -> dict[str, Any]:
    return content_of(encode(bundle))


def read_for(population: Population, peer: Peer, changes: list[Change]) -> dict[PeerId, Peer]:
    """Of all peers those that application/tunnels reads for a difference."""
    needs_routers = not peer.is_jump or reroutes(changes)
    read = [one for one in population.peers if one.is_jump or (needs_routers and one.is_router)]
    return {peer.id: peer, **{one.id: one for one in read}}


def told(before: Population, after: Population, peer: Peer, changes: list[Change]) -> Delta | None:
    """The difference as the control plane makes it from the change log."""
    known = read_for(after, peer, changes)
    acl = Acl(after.network.id, 1, after.rules)
    drawn = snapshots(after.network, peer.id, known, acl, changes, before.network.revision)
    if drawn is None:
        return None
    return decode(encode(difference(*(shown(bundle_of(one, PSK), 1, SUCCESSOR) for one in drawn))), Delta)


@given(populations(with_rules=True), st.data())
def test_what_the_change_log_tells_makes_the_old_bundle_the_new_one(
    population: Population, data: st.DataObject
) -> None:
    """Jumps are told from the jumps and the changed peers alone: the rest of the bundle adds nothing."""
    before, after, changes = population, population, list[Change]()
    for _ in range(data.draw(st.integers(0, 4))):
        made, after = data.draw(steps(after))
        revision = Revision(after.network.revision + 1)
        changes.append(replace(made, revision=revision))
        after = replace(after, network=replace(after.network, revision=revision))

    for peer in after.peers:
        known = [one for one in before.peers if one.id == peer.id]
        delta = told(before, after, peer, changes)
        if delta is not None:
            assert patched(content(full(before, known[0])), delta) == content(full(after, peer))


def test_a_jump_that_is_unblocked_before_it_has_a_key_takes_the_whole_bundle() -> None:
    blocked = replace(a_jump(1, keyed=False), blocked_by=("manual",))
    before = Population(a_network(), (blocked, a_jump(2), a_dynamic(3)))
    free = replace(blocked, blocked_by=())
    unblocked = replace(change(What.PEER_UNBLOCKED, blocked, free), revision=Revision(2))

    assert told(before, before.with_peer(free), free, [unblocked]) is None


def test_another_key_of_a_jump_itself_changes_every_tunnel_of_it_and_takes_the_whole_bundle() -> None:
    hub = a_jump(1)
    before = Population(a_network(), (hub, a_dynamic(2)))
    moved = replace(hub, public_key=a_key("of another machine"))
    after = before.with_peer(moved)
    after = replace(after, network=replace(after.network, revision=Revision(2)))
    enrolled = replace(change(What.PEER_ENROLLED, hub, moved), revision=Revision(2))

    assert told(before, after, hub, [enrolled]) is None
    assert told(before, after, before.peers[1], [enrolled]) is not None


def test_one_more_peer_is_told_in_a_few_hundred_bytes_and_without_the_others() -> None:
    jumps = [a_jump(1), a_jump(2)]
    before = Population(a_network("10.0.0.0/16"), (*jumps, *(a_dynamic(n) for n in range(3, 103))))
    created = a_static(200, home_id=jumps[1].id)
    after = before.with_peer(created)

    delta = difference(full(before, jumps[0]), full(after, jumps[0]))

    assert delta.set.allowed_ips == {jumps[1].id: ["10.0.0.200/32"]}
    assert delta.set.peers == {}  # it is the other jump's
    assert list(delta.set.records) == [created.label]
    assert len(encode(delta)) < 300
    assert set(json.loads(encode(delta))["removed"]) == set()


def test_a_delta_of_another_revision_does_not_fit() -> None:
    lab = Population(a_network(), (a_jump(1), a_dynamic(2)))
    bundle = full(lab, lab.peers[0])
    delta = difference(bundle, bundle)

    with pytest.raises(Misfit):
        patched({**content(bundle), "revision": 9}, delta)
    with pytest.raises(Misfit):
        patched({**content(bundle), "generation": 9}, delta)


@pytest.mark.parametrize(
    "changes",
    [
        {"removed": {"peers": ["dyn_9"]}},
        {"removed": {"records": ["nobody"]}},
        {"removed": {"sets": {"blocked": ["10.0.0.2/32"]}}},
        {"set": {"allowed_ips": {"dyn_0002": ["10.0.0.2/32"]}}},
        {"set": {"allowed_ips": {"dyn_9": ["10.0.0.2/32"]}}},
        {"set": {"sets": {"tag:x": ["10.0.0.2/32"]}}},
    ],
)
def test_what_removes_the_absent_or_adds_the_present_does_not_fit(changes: dict[str, Any]) -> None:
    lab = Population(a_network(), (a_jump(1), a_dynamic(2)))
    bundle = content(full(lab, lab.peers[0]))
    empty: dict[str, Any] = {"generation": 1, "since": 1, "revision": 2, "set": {}, "removed": {}}

    assert patched(bundle, msgspec.convert(empty, Delta))["revision"] == 2
    with pytest.raises(Misfit):
        patched(bundle, msgspec.convert({**empty, **changes}, Delta))


def test_a_field_the_reader_does_not_know_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"generation": 1, "since": 1, "revision": 2, "set": {"news": {}}, "removed": {}}, Delta)


def test_fields_of_a_later_server_survive_a_delta() -> None:
    lab = Population(a_network(), (a_jump(1), a_dynamic(2)))
    bundle = full(lab, lab.peers[0])
    newer = {**content(bundle), "news": {"of": "tomorrow"}}

    after = patched(newer, difference(bundle, bundle))

    assert after["news"] == {"of": "tomorrow"}
    assert content_hash(after) == content_hash(newer) != content_hash(content(bundle))


def test_a_log_with_a_gap_leads_nowhere() -> None:
    lab = a_network()
    log = [
        Change(lab.id, Revision(revision), lab.created_at, "tok_1", "peer_updated")  # type: ignore[arg-type]
        for revision in (5, 6, 7)
    ]

    assert is_whole(log, Revision(4), at_least=Revision(7))
    assert is_whole(log, Revision(4), at_least=Revision(6))
    assert is_whole([], Revision(4), at_least=Revision(4))
    assert not is_whole(log, Revision(4), at_least=Revision(8))
    assert not is_whole(log, Revision(3), at_least=Revision(7))
    assert not is_whole([log[0], log[2]], Revision(4), at_least=Revision(7))
