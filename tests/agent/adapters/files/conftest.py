"""The directory of an enrolment."""

from pathlib import Path

import pytest

from agent.adapters.files.enrollment_dir import EnrollmentDir
from tests.agent.adapters.files.enrollments import BUNDLES
from tests.agent.builders import received, received_delta


@pytest.fixture
def kept(tmp_path: Path) -> EnrollmentDir:
    """A directory with a whole bundle and a delta after it."""
    directory = EnrollmentDir(tmp_path / "net_1")
    directory.save_bundle([received(BUNDLES[0])])
    directory.add_delta(received_delta(BUNDLES[0], BUNDLES[1]))
    return directory
