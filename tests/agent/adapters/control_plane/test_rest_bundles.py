"""Bundles by REST: whole and as differences, and whose signature counts."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import DeltaRefused, Outage
from agent.identity.trust import Keyring
from chalicelib.wire.codec import encode
from tests.agent.adapters.control_plane.rest_client import control_plane
from tests.agent.builders import SIGNING_KEY, SUCCESSOR, a_bundle, a_peer, a_tombstone, fetched, public_text
from tests.agent.origin import Origin


def test_a_bundle_comes_with_its_bytes_and_hash(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()

    got = plane.whole(None)

    assert got == fetched(a_bundle(5))
    assert (got.received.body.encode(), got.deltas) == (encode(a_bundle(5)), 0)


def test_a_delta_makes_the_bundle_at_hand_the_new_one(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    base = plane.whole(None)
    assert base is not None
    origin.bundle = a_bundle(6, [a_peer(), a_peer("other", allowed_ips=["10.9.0.7/32"])])

    got = plane.newer(base)

    assert got is not None
    assert (got.bundle, got.hash) == (origin.bundle, fetched(origin.bundle).hash)
    assert (got.received.is_delta, got.deltas) == (True, 1)


def test_a_delta_is_told_by_what_it_says_and_not_by_headers(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    base = plane.whole(None)
    assert base is not None
    origin.content_type = "application/json"
    origin.bundle = a_bundle(6, [a_peer(), a_peer("other", allowed_ips=["10.9.0.7/32"])])

    got = plane.newer(base)

    assert got is not None
    assert (got.received.is_delta, got.bundle) == (True, origin.bundle)


def test_a_call_says_what_it_accepts(origin: Origin) -> None:
    control_plane(origin).open_session()

    assert origin.asked["Accept"] == "*/*"
    assert origin.asked["Accept-Encoding"] == "gzip"


def test_a_delta_of_another_bundle_is_refused(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    plane.whole(None)
    origin.bundle = a_bundle(6, [])

    with pytest.raises(DeltaRefused):
        plane.newer(fetched(a_bundle(5, [])))


def test_what_another_key_signed_is_an_outage(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    base = plane.whole(None)
    assert base is not None
    origin.key = Ed25519PrivateKey.generate()
    origin.bundle = a_bundle(6)

    with pytest.raises(Outage, match="not signed"):
        plane.whole(None)
    with pytest.raises(Outage, match="not signed"):
        plane.newer(base)
    origin.tombstone = a_tombstone()
    with pytest.raises(Outage, match="not signed"):
        plane.open_session()
    with pytest.raises(Outage, match="not signed"):
        plane.newer(base)


def test_a_bundle_or_tombstone_of_another_peer_is_an_outage_whoever_signed_it(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    origin.bundle = a_bundle(6, peer_id="dyn_other")
    with pytest.raises(Outage, match="not signed"):
        plane.whole(None)
    origin.tombstone = a_tombstone(peer_id="dyn_other")
    with pytest.raises(Outage, match="not signed"):
        plane.open_session()


def test_the_successor_a_bundle_names_takes_over_and_the_former_key_counts_no_more(origin: Origin) -> None:
    kept: list[Keyring] = []
    plane = control_plane(origin)
    plane.trust.save = kept.append
    plane.open_session()
    origin.key = SUCCESSOR
    with pytest.raises(Outage):  # nobody has named it yet
        plane.whole(None)
    origin.key = SIGNING_KEY
    plane.whole(None)

    origin.key = SUCCESSOR
    plane.whole(None)
    origin.key = SIGNING_KEY
    with pytest.raises(Outage):
        plane.whole(None)

    assert kept[-1].current == public_text(SUCCESSOR)
    assert kept[-1].former == public_text(SIGNING_KEY)


def test_nothing_newer_is_none(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()

    assert plane.newer(fetched(a_bundle(5))) is None
    assert plane.newer(fetched(a_bundle(4))) is not None
