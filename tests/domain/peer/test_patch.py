"""What a change makes of a peer's version, and which fields are a person's."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import Revision
from chalicelib.domain.peer.patch import OF_JUMPS, OF_REGULAR, SETTINGS, PeerPatch, patched, revised
from chalicelib.domain.peer.peer import Peer, Rotation
from tests.builders import T0, a_dynamic, a_jump, a_key, a_network, a_static

LATER = T0 + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({}, 3),
        ({"epoch": 2}, 3),
        ({"staged_key": a_key("next"), "rotation": Rotation.WANTED, "avoids": frozenset({"jmp_1"})}, 3),
        ({"name": "other"}, 8),
        ({"blocked_by": ("manual",)}, 8),
        ({"epoch": 2, "mtu": 1300}, 8),
    ],
)
def test_only_other_settings_raise_a_peers_version(changes: dict[str, Any], version: int) -> None:
    before = a_dynamic(2, revision=Revision(7), settings_revision=Revision(3))

    after = revised(before, replace(before, **changes), Revision(8), LATER)

    assert (after.revision, after.version, after.updated_at) == (8, version, LATER)


def test_what_was_stored_before_versions_were_kept_has_the_revision_it_was_read_with_and_keeps_it() -> None:
    peer, network = a_dynamic(2, revision=Revision(7)), a_network(revision=Revision(9))

    assert (peer.version, revised(peer, replace(peer, epoch=2), Revision(8), LATER).version) == (7, 7)
    assert (network.version, network.advanced(LATER).version, network.with_other_settings(LATER).version) == (9, 9, 10)


def test_every_setting_is_a_field_of_a_peer() -> None:
    assert {one.name for one in fields(Peer)} >= SETTINGS


def test_a_patch_leaves_alone_what_it_does_not_set_and_clears_what_it_sets_to_none() -> None:
    peer = a_static(mtu=1400, tags=("a",), is_isolated=True, dns=("9.9.9.9",))

    assert patched(peer, PeerPatch()) == peer
    cleared = patched(peer, PeerPatch(mtu=None, tags=None, is_isolated=None, dns=None))
    assert cleared == replace(peer, mtu=None, tags=(), is_isolated=False, dns=None)


def test_of_another_kinds_fields_a_patch_may_say_that_they_are_not_set() -> None:
    jump = a_jump()

    assert patched(jump, PeerPatch(is_isolated=False, preferred_jump_id=None)) == jump
    with pytest.raises(Invalid) as refused:
        patched(jump, PeerPatch(is_isolated=True, name=None))
    assert [field for field, _ in refused.value.errors] == ["is_isolated", "name"]


def test_a_patch_has_every_field_that_some_kind_has() -> None:
    assert {one.name for one in fields(PeerPatch)} == OF_JUMPS | OF_REGULAR
