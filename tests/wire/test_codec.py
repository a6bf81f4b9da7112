"""JSON in and out of the shapes."""

import json

import msgspec
import pytest

from chalicelib.wire.codec import content_hash, content_of, decode
from chalicelib.wire.frames import MAX_FRAME_BYTES, MOST_OWN_HANDSHAKES, Heartbeat, Hello, from_agent
from chalicelib.wire.meta import Health
from chalicelib.wire.networks import CreateNetwork

BUNDLE = {"generation": 1, "revision": 7, "peers": [{"b": 1, "a": 2}], "later_field": True}


def test_a_bundle_is_named_by_its_content_and_not_by_its_revision() -> None:
    assert content_hash(BUNDLE) == content_hash({**BUNDLE, "revision": 9, "generation": 2})
    assert content_hash(BUNDLE) != content_hash({**BUNDLE, "later_field": False})


def test_a_bundles_name_does_not_depend_on_the_order_of_its_keys() -> None:
    assert content_hash(BUNDLE) == content_hash(content_of(json.dumps(BUNDLE, sort_keys=True, indent=2).encode()))


def test_what_a_client_sends_holds_known_fields_alone() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        decode(b'{"name": "lab", "cidr": "10.0.0.0/24", "x": 1}', CreateNetwork)


def test_what_a_server_answers_may_hold_more_than_an_older_reader_knows() -> None:
    assert decode(b'{"status": "ok", "version": "9", "x": 1}', Health) == Health(status="ok", version="9")


def test_a_frame_is_told_by_its_type() -> None:
    hello = {"type": "hello", "instance_id": "i", "generation": 1, "revision": 2, "hash": "h"}

    assert from_agent(json.dumps(hello)) == Hello(instance_id="i", generation=1, revision=2, hash="h")
    with pytest.raises(msgspec.DecodeError):
        from_agent(json.dumps({**hello, "type": "welcome"}))


@pytest.mark.parametrize(("count", "fits"), [(MOST_OWN_HANDSHAKES, True), (MOST_OWN_HANDSHAKES + 1, False)])
def test_an_agent_may_tell_a_bounded_number_of_its_handshakes(count: int, fits: bool) -> None:
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 1, "generation": 1, "revision": 2, "hash": "h"}
    own = {"watched_s": 600, "made": [{"peer_id": "jmp_1", "age_s": age} for age in range(count)]}
    text = json.dumps({**beat, "own_handshakes": own})

    if fits:
        assert isinstance(from_agent(text), Heartbeat)
    else:
        with pytest.raises(msgspec.ValidationError):
            from_agent(text)


def test_frames_stay_below_what_the_gateway_cuts() -> None:
    assert MAX_FRAME_BYTES < 32 * 1024
