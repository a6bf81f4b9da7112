"""Several enrolments in one directory, and files that were damaged."""

import contextlib
import os
from pathlib import Path

import msgspec
import pytest

from agent.adapters.files.enrollment_dir import Down, EnrollmentDir
from agent.adapters.files.state_dir import StateDir
from agent.errors import AlreadyRunning, EnrollmentMissing, StateUnusable
from agent.identity.enrollment import Keys
from agent.identity.trust import Keyring, Trust
from tests.agent.adapters.files.enrollments import an_enrollment
from tests.agent.builders import a_tombstone
from tests.agent.namespace import Namespace


def test_the_only_enrolment_is_chosen(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.keep(an_enrollment("net_1"))

    assert state.chosen(None).path.name == "net_1"


def test_other_keys_take_the_place_of_an_enrolments_own_and_all_else_stays(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.lock.hold()
    directory.save_enrollment(an_enrollment())
    keys = Keys(private_key="private", device_key="device", made_at=9.0, next_private_key="next")

    directory.save_keys(keys)

    assert directory.enrollment() == msgspec.structs.replace(an_enrollment(), keys=keys)
    assert (directory.path / "enrollment.json").stat().st_mode & 0o777 == 0o600


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
    directory.lock.hold()

    with pytest.raises(AlreadyRunning):
        directory.lock.hold()
    assert directory.lock.is_held()


def test_keys_are_kept_for_the_enrolment_they_came_with(kept: EnrollmentDir) -> None:
    enrollment = an_enrollment()
    moved = Keyring(pinned=enrollment.signing_key, current="b", successor="c", former=enrollment.signing_key)
    kept.save_keyring(moved)

    assert kept.keyring(enrollment) == moved
    assert kept.bundle(enrollment, Trust(moved, kept.save_keyring)) is not None  # the former key signed it
    assert kept.keyring(msgspec.structs.replace(enrollment, signing_key="new")).current == "new"


def test_a_damaged_enrolment_is_said_with_its_path(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path)
    (tmp_path / "enrollment.json").write_text("{")

    with pytest.raises(StateUnusable, match=r"enrollment\.json is damaged"):
        directory.enrollment()


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")

    assert directory.lock.holder() is None
    directory.lock.claim()

    assert directory.lock.holder() == os.getpid()
    with pytest.raises(AlreadyRunning):
        directory.lock.claim()


@pytest.mark.parametrize("content", [b"", b"\x00\xff{{{", b'{"v":2,"future":true}'])
def test_a_damaged_keyring_is_begun_anew_from_the_key_of_the_enrolment(
    kept: EnrollmentDir, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (kept.path / "keyring.json").write_bytes(content)

    keyring = kept.keyring(an_enrollment())

    pinned = an_enrollment().signing_key
    assert keyring == Keyring(pinned=pinned, current=pinned)
    assert [record.message for record in caplog.records] == ["keyring_begun_anew"]
    assert kept.bundle(an_enrollment(), Trust(keyring, kept.save_keyring)) is not None


@pytest.mark.parametrize("content", [b"", b"\x00\xff{{{", b'{"v":2,"future":true}'])
def test_a_damaged_tombstone_ends_nothing(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    state = StateDir(tmp_path)
    state.keep(an_enrollment())
    (tmp_path / "net_1" / "tombstone.json").write_bytes(content)

    assert not state.chosen(None).has_ended()
    assert "tombstone_ignored" in caplog.text


def test_a_damaged_enrolment_says_what_is_left_to_do(tmp_path: Path) -> None:
    (tmp_path / "net_1").mkdir()
    (tmp_path / "net_1" / "enrollment.json").write_text("{")

    with pytest.raises(StateUnusable, match="import an exported identity"):
        StateDir(tmp_path).of_network("net_1").enrolled()


def test_who_asks_whether_an_agent_runs_is_in_nobodys_way(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.path.mkdir()
    assert not directory.lock.is_held()
    assert list(directory.path.iterdir()) == []

    descriptor = directory.lock.hold()
    seen = directory.lock.is_held()
    os.close(descriptor)

    assert seen
    assert not directory.lock.is_held()
    inode = directory.lock.file.stat().st_ino
    assert not any(f":{inode} " in line for line in Path("/proc/locks").read_text().splitlines())


def test_an_agent_that_cannot_start_says_whose_process_is_in_its_way(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.lock.claim()

    with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}.*systemctl stop"):
        directory.lock.claim()


def test_a_tunnel_stays_down_until_it_is_said_otherwise(tmp_path: Path) -> None:
    directory = EnrollmentDir(tmp_path / "net_1")
    at_first = directory.down()
    directory.save_down(Down(keeps_seal=False))
    kept = directory.down()
    (directory.path / "down.json").write_text("{")
    damaged = directory.down()
    directory.forget_down()

    assert (at_first, kept, damaged, directory.down()) == (None, Down(keeps_seal=False), Down(keeps_seal=True), None)


@pytest.mark.root
def test_a_full_disk_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    with Namespace() as inside:
        inside.sh(f"mount -t tmpfs -o size=64k tmpfs {full}")

        def claimed() -> str:
            state = StateDir(full)
            state.keep(an_enrollment())
            with contextlib.suppress(OSError), (full / "fill").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            try:
                state.chosen(None).lock.claim()
            except StateUnusable as refused:
                return str(refused)
            return "claimed"

        assert "No space left on device; make room" in inside.do(claimed)
