"""A bundle that differs though nothing was changed."""

from functools import partial

import pytest

from tests.flows.bundles import Counted, a_hub, change, get, is_whole, rotate, tag
from tests.wired import wired_world
from tests.world import SimulatedAgent, World


def test_a_bundle_that_differs_though_nothing_was_changed_is_counted_as_drift(
    world: World, hub: SimulatedAgent, counted: Counted
) -> None:
    assert hub.bundle is not None
    other = tag(1, hub.revision, {**hub.bundle, "is_blocked": True})

    assert is_whole(get(world, hub, if_none_match=other))

    assert counted == [("BundleDrift", {"peer_id": hub.peer_id, "had": hub.revision, "now": hub.revision})]


def test_a_bundle_that_differs_by_what_others_were_concerned_by_is_drift_too(
    world: World, hub: SimulatedAgent, counted: Counted
) -> None:
    assert hub.bundle is not None
    other = tag(1, hub.revision, {**hub.bundle, "is_blocked": True})
    world.api("POST", f"/networks/{hub.network_id}/peers", {"kind": "dynamic", "name": "of no concern to jumps"})

    assert is_whole(get(world, hub, if_none_match=other))

    assert [metric for metric, _ in counted] == ["BundleDrift"]


@pytest.mark.parametrize(("more", "reads"), [(0, 1), (1, 0)])
def test_drift_is_looked_for_within_so_many_changes_and_no_log_is_read_beyond(
    counted: Counted, monkeypatch: pytest.MonkeyPatch, more: int, reads: int
) -> None:
    monkeypatch.setattr("chalicelib.application.agents.bundles.MOST_CHANGES", 3)
    with wired_world() as world:
        hub = a_hub(world)
        assert hub.bundle is not None
        for number in range(3 + more):
            body = {"kind": "dynamic", "name": f"of no concern to jumps {number}"}
            assert world.api("POST", f"/networks/{hub.network_id}/peers", body).status == 201
        tags = [tag(1, hub.revision, {**hub.bundle, "is_blocked": is_blocked}) for is_blocked in (True, False)]

        made_up, same = (world.counted(partial(get, world, hub, if_none_match=known))["read"] for known in tags)

    assert made_up - same == reads
    assert len(counted) == reads


def test_a_change_explains_a_difference(world: World, hub: SimulatedAgent, counted: Counted) -> None:
    assert hub.bundle is not None
    change(world, hub.network_id)

    assert is_whole(get(world, hub, if_none_match=tag(1, hub.revision, hub.bundle)))

    assert counted == []


def test_a_rotated_signing_key_explains_a_difference(world: World, hub: SimulatedAgent, counted: Counted) -> None:
    assert hub.bundle is not None
    had = tag(1, hub.revision, hub.bundle)
    rotate(world)

    assert is_whole(get(world, hub, if_none_match=had))

    assert counted == []


def test_a_log_with_a_gap_proves_no_drift(world: World, hub: SimulatedAgent, counted: Counted) -> None:
    assert hub.bundle is not None
    change(world, hub.network_id)
    world.outside.tables.changes.popitem()

    assert is_whole(get(world, hub, if_none_match=tag(1, hub.revision, hub.bundle)))

    assert counted == []
