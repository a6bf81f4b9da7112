"""Bundles as agents get them: whole or as a difference, signed, compressed, and refused where they must be."""

from collections.abc import Callable
from importlib import import_module

import pytest
from cryptography.exceptions import InvalidSignature

from chalicelib.entrypoints import queues
from chalicelib.entrypoints.rest.routing import signed
from chalicelib.wire import bundle
from chalicelib.wire.codec import content_hash
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject
from tests.flows.bundles import Counted, change, get, is_whole, tag
from tests.rest_function import Answer
from tests.world import SimulatedAgent, World


def test_what_is_newer_comes_as_a_difference_and_makes_the_whole_bundle(world: World, hub: SimulatedAgent) -> None:
    change(world, hub.network_id)

    answer = hub.fetch()

    assert not is_whole(answer)
    assert hub.bundle == get(world, hub).json


def test_an_agent_of_another_generation_gets_the_whole_bundle(world: World, hub: SimulatedAgent) -> None:
    change(world, hub.network_id)

    assert is_whole(get(world, hub, f"?since={hub.revision}&generation=2"))
    assert not is_whole(get(world, hub, f"?since={hub.revision}&generation=1"))
    assert not is_whole(get(world, hub, f"?since={hub.revision}"))


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_a_gap_in_the_change_log_gives_the_whole_bundle(world: World, hub: SimulatedAgent, lost: int) -> None:
    for name in ("one", "two", "three"):
        change(world, hub.network_id, name)
    log = list(world.outside.tables.changes)[-3:]
    del world.outside.tables.changes[log[lost]]

    answer = hub.fetch()

    assert is_whole(answer)
    assert {"10.0.0.3/32", "10.0.0.4/32", "10.0.0.5/32"} <= hub.allowed_ips


def test_a_log_too_long_to_tell_gives_the_whole_bundle(
    world: World, hub: SimulatedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnels = import_module("chalicelib.application.agents.snapshots")
    for name in ("one", "two", "three"):
        change(world, hub.network_id, name)

    monkeypatch.setattr(tunnels, "MOST_CHANGES", 2)
    assert is_whole(get(world, hub, f"?since={hub.revision}"))
    monkeypatch.setattr(tunnels, "MOST_CHANGES", 3)
    assert not is_whole(get(world, hub, f"?since={hub.revision}"))


def test_who_shows_what_it_has_is_told_that_it_has_it(world: World, hub: SimulatedAgent) -> None:
    assert hub.bundle is not None
    own = tag(1, hub.revision, hub.bundle)
    assert get(world, hub, if_none_match=own).status == 304
    assert get(world, hub).headers["ETag"] == own

    world.api("POST", f"/networks/{hub.network_id}/peers", {"kind": "dynamic", "name": "of no concern to jumps"})
    later = get(world, hub, if_none_match=own)

    assert not is_whole(later)
    assert (later.json["since"], later.json["set"], later.json["removed"]) == (hub.revision, {}, {})
    assert later.json["revision"] == hub.revision + 1


@pytest.mark.parametrize("shown", ['W/"1.{r}.{h}"', '"x", "1.{r}.{h}"', '"1.{r}.{h}" , W/"x"'])
def test_a_tag_counts_weak_or_among_others_as_well(world: World, hub: SimulatedAgent, shown: str) -> None:
    """RFC 9110 section 13.1.2: a list, compared weakly; proxies that compress make tags weak."""
    assert hub.bundle is not None
    text = shown.format(r=hub.revision, h=content_hash(hub.bundle))

    answer = get(world, hub, if_none_match=text)

    assert (answer.status, answer.text) == (304, "")
    assert answer.headers["ETag"] == tag(1, hub.revision, hub.bundle)


@pytest.mark.parametrize("shown", ['"2.{r}.{h}"', '"1.{r}.{other}"', '"1.{r}"', "*", "1.{r}.{h}"])
def test_who_shows_anything_else_gets_the_whole_bundle(world: World, hub: SimulatedAgent, shown: str) -> None:
    assert hub.bundle is not None
    text = shown.format(r=hub.revision, h=content_hash(hub.bundle), other="0" * 64)

    assert is_whole(get(world, hub, if_none_match=text))


def test_a_signature_speaks_of_one_body_one_kind_one_peer_and_one_version(world: World, hub: SimulatedAgent) -> None:
    answer = get(world, hub)
    good = Subject("bundle", hub.network_id, hub.peer_id, 1, answer.json["revision"])
    hub.verify(good, answer)

    wrong = [
        Subject("delta", good.network_id, good.peer_id, 1, good.revision),
        Subject("bundle", "net_other", good.peer_id, 1, good.revision),
        Subject("bundle", good.network_id, "dyn_other", 1, good.revision),
        Subject("bundle", good.network_id, good.peer_id, 2, good.revision),
        Subject("bundle", good.network_id, good.peer_id, 1, good.revision + 1),
    ]
    for subject in wrong:
        with pytest.raises(InvalidSignature):
            hub.verify(subject, answer)
    with pytest.raises(InvalidSignature):
        hub.verify(good, Answer(answer.status, answer.headers, answer.text + " "))


def test_a_body_is_compressed_for_who_takes_it_and_signed_as_it_is(world: World, hub: SimulatedAgent) -> None:
    for number in range(20):  # a body worth it
        change(world, hub.network_id, f"phone {number}")

    plain = get(world, hub)
    small = get(world, hub, accept_encoding="gzip, deflate")

    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert small.text == plain.text
    assert small.headers[SIGNATURE_HEADER] == plain.headers[SIGNATURE_HEADER]


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html", bundle.MEDIA_TYPE])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_what_kind_of_body_comes_does_not_hang_on_what_is_accepted(
    world: World, hub: SimulatedAgent, accept: str | None, encoding: str
) -> None:
    """RFC 9110 section 12.5.1; and a proxy between may take the header away."""
    for number in range(20):  # a body worth compressing
        change(world, hub.network_id, f"phone {number}")
    headers = {"accept_encoding": encoding, **({} if accept is None else {"accept": accept})}

    whole, difference = get(world, hub, **headers), get(world, hub, f"?since={hub.revision}", **headers)

    assert (is_whole(whole), is_whole(difference)) == (True, False)
    for answer in (whole, difference):
        assert answer.headers.get("Content-Encoding", "") == encoding
        assert "Accept," not in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False), ("x-gzip", False)],
)
def test_who_refuses_compression_gets_none(
    world: World, hub: SimulatedAgent, accepted: str, is_compressed: bool
) -> None:
    for number in range(20):
        change(world, hub.network_id, f"phone {number}")

    assert ("Content-Encoding" in get(world, hub, accept_encoding=accepted).headers) is is_compressed


def test_a_bundle_that_does_not_fit_is_a_clear_error_and_counted(
    world: World, hub: SimulatedAgent, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(get(world, hub).text)
    monkeypatch.setattr(signed, "MOST_BYTES", size)
    assert get(world, hub).status == 200
    monkeypatch.setattr(signed, "MOST_BYTES", size - 1)

    refused = get(world, hub)

    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (503, "bundle_too_large", "3600")
    assert str(size) in refused.json["detail"]
    assert counted == [("BundleTooLarge", {"peer_id": hub.peer_id, "size_bytes": size})]


def gone_by_itself(world: World, hub: SimulatedAgent) -> None:
    assert world.api("DELETE", f"/networks/{hub.network_id}/peers/{hub.peer_id}?force=true").status == 204


def gone_with_its_network(world: World, hub: SimulatedAgent) -> None:
    assert world.api("DELETE", f"/networks/{hub.network_id}?force=true").status == 204
    message = {"messageId": "m", "body": f'{{"network_id": "{hub.network_id}"}}'}
    assert queues.remove({"Records": [message]}) == {"batchItemFailures": []}


@pytest.mark.parametrize("gone", [gone_by_itself, gone_with_its_network])
def test_a_deleted_peer_gets_its_signed_tombstone_for_a_bundle_and_for_a_session(
    world: World, hub: SimulatedAgent, gone: Callable[[World, SimulatedAgent], None]
) -> None:
    for agent in world.peers(hub.network_id).values():
        if agent["kind"] != "jump":
            world.api("DELETE", f"/networks/{hub.network_id}/peers/{agent['id']}")

    gone(world, hub)

    for answer in (get(world, hub, f"?since={hub.revision}&generation=1"), get(world, hub), hub.open_session()):
        assert (answer.status, answer.json["code"]) == (410, "peer_deleted")
        stone = answer.json["tombstone"]
        assert (stone["network_id"], stone["peer_id"]) == (hub.network_id, hub.peer_id)
        assert stone["revision"] > hub.revision
        hub.verify(Subject("tombstone", hub.network_id, hub.peer_id, 1, stone["revision"]), answer)
        with pytest.raises(InvalidSignature):
            hub.verify(Subject("tombstone", hub.network_id, "dyn_other", 1, stone["revision"]), answer)


def test_a_stranger_learns_nothing_of_a_deleted_peer(world: World, hub: SimulatedAgent) -> None:
    left = world.agent(hub.network_id, "dynamic", "right")
    world.api("DELETE", f"/networks/{hub.network_id}/peers/{left.peer_id}")
    stranger = SimulatedAgent(world, "stranger")
    stranger.peer_id, stranger.network_id = left.peer_id, left.network_id

    answer = stranger.open_session()

    assert (answer.status, "tombstone" in answer.json and answer.json["tombstone"] is not None) == (401, False)
