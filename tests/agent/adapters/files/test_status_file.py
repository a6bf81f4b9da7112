"""The status file of a run, and what it keeps of the one before."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.status_file import StatusFile
from agent.core.state import Link
from agent.core.status import Status
from agent.core.step import initial
from chalicelib.wire.codec import encode
from tests.agent.builders import NETWORK_ID, PEER_ID

BLANK = Status(network_id=NETWORK_ID, peer_id=PEER_ID, interface="wy00000001", server="https://x", insecure=False)
LAST = datetime(2026, 1, 1, tzinfo=UTC)
STATE = initial(NETWORK_ID, PEER_ID, "i")


def a_status_file(path: Path, before: bytes | None) -> StatusFile:
    directory = EnrollmentDir(path)
    directory.lock.hold()
    if before is not None:
        directory.save_status(before)
    return StatusFile(directory, BLANK)


def written(path: Path) -> Status:
    return msgspec.json.decode((path / "status.json").read_bytes(), type=Status)


def test_the_last_contact_outlives_a_reboot_until_there_is_another(tmp_path: Path) -> None:
    file = a_status_file(tmp_path, encode(msgspec.structs.replace(BLANK, last_contact=LAST)))

    file.show(STATE)
    kept = written(tmp_path).last_contact
    file.show(replace(STATE, link=Link(contact_at_s=monotonic())))

    assert kept == LAST
    assert (written(tmp_path).last_contact or LAST) > LAST


@pytest.mark.parametrize(
    "before",
    [None, b"{", encode(msgspec.structs.replace(BLANK, peer_id="dyn_before", last_contact=LAST))],
    ids=["first run", "damaged", "another peer"],
)
def test_without_a_status_of_this_peer_there_was_no_contact(tmp_path: Path, before: bytes | None) -> None:
    a_status_file(tmp_path, before).show(STATE)

    assert written(tmp_path).last_contact is None
