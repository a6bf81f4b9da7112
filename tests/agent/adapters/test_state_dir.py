"""Several enrolments in one directory, and files that were damaged."""

from pathlib import Path

import pytest

from agent.adapters.state_dir import EnrollmentDir, StateDir
from agent.enrollment import Enrollment, Keys
from agent.errors import AlreadyRunning, EnrollmentMissing, StateUnusable
from chalicelib.wire.codec import encode
from tests.agent.builders import PEER_ID, a_bundle, a_tombstone, fetched


def an_enrollment(network_id: str = "net_1", peer_id: str = PEER_ID) -> Enrollment:
    return Enrollment(
        server="https://a",
        network_id=network_id,
        peer_id=peer_id,
        signing_key=None,
        keys=Keys(private_key="private", device_key="device"),
    )


def test_the_only_enrolment_is_chosen(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.keep(an_enrollment("net_1"))

    assert state.chosen(None).path.name == "net_1"


def test_among_several_one_must_be_named_and_the_error_lists_them(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.keep(an_enrollment("net_1"))
    state.keep(an_enrollment("net_2"))

    with pytest.raises(EnrollmentMissing, match=r"net_1\n +net_2"):
        state.chosen(None)

    assert state.chosen("net_2").path.name == "net_2"


def test_an_ended_enrolment_does_not_stand_in_the_way_of_a_living_one(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.keep(an_enrollment("net_1"))
    state.keep(an_enrollment("net_2"))
    state.of_network("net_1").save_tombstone(a_tombstone())

    assert state.chosen(None).path.name == "net_2"


def test_the_tombstone_of_an_earlier_peer_ends_nothing(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.keep(an_enrollment())
    state.of_network("net_1").save_tombstone(a_tombstone(peer_id="dyn_former"))

    assert not state.of_network("net_1").has_ended()


@pytest.mark.parametrize("network_id", ["", ".", "..", "../etc", "a/b", "pending"])
def test_a_network_id_that_is_no_plain_name_makes_no_directory(tmp_path: Path, network_id: str) -> None:
    with pytest.raises(StateUnusable):
        StateDir(tmp_path).keep(an_enrollment(network_id))


def test_one_agent_holds_an_enrolment(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.lock()

    with pytest.raises(AlreadyRunning):
        directory.lock()
    assert directory.is_running()


def test_a_saved_bundle_comes_back_as_it_was_received(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    raw = encode(a_bundle(7)).replace(b'"revision":7', b'"revision": 7, "later": 1')

    directory.save_bundle(raw)

    back = directory.bundle()
    assert back is not None
    assert (back.raw, back.bundle) == (raw, a_bundle(7))


@pytest.mark.parametrize("content", [b"", b"{", fetched(a_bundle()).raw[:-20]])
def test_a_damaged_bundle_is_as_none_and_is_fetched_again(tmp_path: Path, content: bytes) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.save_bundle(content)

    assert directory.bundle() is None


def test_a_damaged_enrolment_is_said_with_its_path(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path)
    (tmp_path / "enrollment.json").write_text("{")

    with pytest.raises(StateUnusable, match=r"enrollment\.json is damaged"):
        directory.enrollment()
