"""Bundles on the disk: those in force, those on trial, and what a crash leaves of both."""

from pathlib import Path

import pytest

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.bundle.received import Received, TrialBundle
from chalicelib.wire.codec import encode
from chalicelib.wire.signing import Subject
from tests.agent.adapters.files.enrollments import BUNDLES, an_enrollment
from tests.agent.builders import (
    PEER_ID,
    SUCCESSOR,
    a_bundle,
    a_peer,
    a_trust,
    fetched,
    received,
    received_delta,
    signature,
)


def test_a_saved_bundle_and_its_deltas_come_back_as_they_were_received(kept: EnrollmentDir) -> None:
    back = kept.bundle(an_enrollment(), a_trust())

    assert back is not None
    assert (back.bundle, back.hash, back.deltas) == (BUNDLES[1], fetched(BUNDLES[1]).hash, 1)

    kept.save_bundle([received(a_bundle(9))])
    assert kept.bundle(an_enrollment(), a_trust()) == fetched(a_bundle(9))


def test_fields_of_a_later_server_come_back_too(kept: EnrollmentDir) -> None:
    raw = encode(BUNDLES[0]).replace(b'"revision":7', b'"revision": 7, "later": 1')
    sent = Received(raw.decode(), signature(Subject("bundle", "net_1", PEER_ID, 0, 7), raw), is_delta=False)

    kept.save_bundle([sent])

    back = kept.bundle(an_enrollment(), a_trust())
    assert back is not None
    assert (back.bundle, back.received) == (BUNDLES[0], sent)


def test_a_delta_that_a_crash_tore_leaves_the_bundle_before_it(kept: EnrollmentDir) -> None:
    file = kept.path / "bundle.jsonl"
    file.write_bytes(file.read_bytes()[:-30])

    assert kept.bundle(an_enrollment(), a_trust()) == fetched(BUNDLES[0])


@pytest.mark.parametrize("content", [b"", b"{", encode(received(BUNDLES[0]))[:-20]])
def test_a_damaged_bundle_is_as_none_and_is_fetched_again(kept: EnrollmentDir, content: bytes) -> None:
    (kept.path / "bundle.jsonl").write_bytes(content)

    assert kept.bundle(an_enrollment(), a_trust()) is None


def test_a_bundle_that_somebody_edited_or_of_another_enrolment_is_as_none(kept: EnrollmentDir) -> None:
    assert kept.bundle(an_enrollment(peer_id="dyn_other"), a_trust()) is None
    assert kept.bundle(an_enrollment(), a_trust(SUCCESSOR)) is None

    file = kept.path / "bundle.jsonl"
    file.write_bytes(file.read_bytes().replace(b"10.9.0.1/32", b"10.9.0.0/31"))

    assert kept.bundle(an_enrollment(), a_trust()) is None


NEXT = a_bundle(9, [a_peer("third", allowed_ips=["10.9.0.8/32"])])


def test_a_bundle_on_trial_stands_beside_the_last_good_one_until_it_is_forgotten(kept: EnrollmentDir) -> None:
    good = kept.bundle(an_enrollment(), a_trust())
    kept.save_trial([received_delta(BUNDLES[1], NEXT)])

    tried = kept.trial(an_enrollment(), a_trust(), good)

    assert tried is not None
    assert (tried.fetched.bundle, tried.refused, kept.has_open_trial()) == (NEXT, None, True)
    assert kept.bundle(an_enrollment(), a_trust()) == good
    kept.forget_trial()
    kept.forget_trial()
    assert (kept.trial(an_enrollment(), a_trust(), good), kept.has_open_trial()) == (None, False)


def test_a_refused_bundle_says_why_and_has_no_open_trial(kept: EnrollmentDir) -> None:
    kept.save_trial([received(NEXT)], "rolled back")

    tried = kept.trial(an_enrollment(), a_trust(), kept.bundle(an_enrollment(), a_trust()))

    assert tried == TrialBundle(fetched(NEXT), "rolled back")
    assert not kept.has_open_trial()


def test_a_first_bundle_can_be_on_trial_too(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.save_trial([received(NEXT)])

    assert directory.trial(an_enrollment(), a_trust(), None) == TrialBundle(fetched(NEXT))


def test_what_a_crash_left_of_a_trial_that_is_over_counts_for_nothing(kept: EnrollmentDir) -> None:
    """The bundle was saved as good, and then its trial was to be forgotten."""
    delta = received_delta(BUNDLES[1], NEXT)
    kept.save_trial([delta])
    kept.add_delta(delta)

    assert kept.trial(an_enrollment(), a_trust(), kept.bundle(an_enrollment(), a_trust())) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"chain":[],"refused":null}'])
def test_a_damaged_trial_is_as_none(kept: EnrollmentDir, content: bytes) -> None:
    (kept.path / "trial.json").write_bytes(content)

    assert kept.trial(an_enrollment(), a_trust(), kept.bundle(an_enrollment(), a_trust())) is None


def test_a_trial_that_is_not_signed_by_the_deployment_is_as_none(kept: EnrollmentDir) -> None:
    kept.save_trial([received(NEXT, SUCCESSOR)])

    assert kept.trial(an_enrollment(), a_trust(), kept.bundle(an_enrollment(), a_trust())) is None
