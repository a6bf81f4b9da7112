"""The files of one enrolment, in a directory of its own."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.adapters.files.bundle_files import BundleFiles
from agent.adapters.files.enrollment_lock import EnrollmentLock
from agent.adapters.files.parsed_files import parsed
from agent.adapters.files.whole_files import read, remove, write_whole
from agent.errors import EnrollmentMissing, StateUnusable
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.trust import Keyring
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.codec import encode

ENROLLMENT = "enrollment.json"
KEYRING = "keyring.json"
LEARNED = "learned.json"
ADDRESSES = "addresses.json"
TOMBSTONE = "tombstone.json"
DOWN = "down.json"
STATUS = "status.json"

logger = logging.getLogger(__name__)


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """The tunnel was taken down by hand. `keeps_seal`: a sealed host stays so meanwhile. `is_done`: it is down."""

    keeps_seal: bool
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class EnrollmentDir(BundleFiles):
    """Its bundles and everything else that is kept of it; a `Store`."""

    @property
    def lock(self) -> EnrollmentLock:
        return EnrollmentLock(self.path)

    def enrollment(self) -> Enrollment | None:
        """The enrolment; None: there is none.

        Raises:
            StateUnusable: its file is damaged, and the keys in it are lost.
        """
        try:
            return parsed(self.path / ENROLLMENT, Enrollment)
        except StateUnusable as damaged:
            raise StateUnusable(
                f"{damaged}; put it back from a backup, import an exported identity, or delete {self.path} and enrol"
                " by a new token"
            ) from damaged

    def enrolled(self) -> Enrollment:
        """The enrolment. Raises EnrollmentMissing: there is none."""
        enrollment = self.enrollment()
        if enrollment is None:
            raise EnrollmentMissing(f"no enrolment in {self.path}")
        return enrollment

    def save_enrollment(self, enrollment: Enrollment) -> None:
        write_whole(self.path / ENROLLMENT, encode(enrollment))

    def save_keys(self, keys: Keys) -> None:
        """Replace the enrolment's keys. Only the process that holds the lock may do that."""
        enrollment = self.enrollment()
        if enrollment is None:
            raise StateUnusable(f"there is no enrolment in {self.path} any more")
        self.save_enrollment(msgspec.structs.replace(enrollment, keys=keys))

    def keyring(self, enrollment: Enrollment) -> Keyring:
        """The keys that may sign bundles.

        Where the file is missing, damaged or of an earlier enrolment: only the key pinned at the enrolment.
        """
        pinned = enrollment.signing_key
        try:
            kept = parsed(self.path / KEYRING, Keyring)
        except StateUnusable as damaged:
            logger.warning("keyring_begun_anew", extra={"reason": str(damaged), "with": "the key of the enrolment"})
            kept = None
        return kept if kept is not None and kept.pinned == pinned else Keyring(pinned=pinned, current=pinned)

    def save_keyring(self, keyring: Keyring) -> None:
        write_whole(self.path / KEYRING, encode(keyring))

    def learned(self) -> Mapping[str, str]:
        try:
            return parsed(self.path / LEARNED, dict[str, str]) or {}
        except StateUnusable:
            return {}  # only speeds up the first handshake

    def save_learned(self, learned: Mapping[str, str]) -> None:
        write_whole(self.path / LEARNED, encode(dict(learned)))

    def addresses(self) -> Mapping[str, Sequence[str]]:
        """The last addresses of the control plane, by its host name."""
        try:
            return parsed(self.path / ADDRESSES, dict[str, list[str]]) or {}
        except StateUnusable:
            return {}  # only for when its name is not answered

    def save_addresses(self, addresses: Mapping[str, Sequence[str]]) -> None:
        write_whole(self.path / ADDRESSES, encode(dict(addresses)))

    def tombstone(self) -> Tombstone | None:
        """The tombstone; None: there is none. A damaged one proves nothing, so the control plane is asked anew."""
        try:
            return parsed(self.path / TOMBSTONE, Tombstone)
        except StateUnusable as damaged:
            logger.warning("tombstone_ignored", extra={"reason": str(damaged)})
            return None

    def save_tombstone(self, tombstone: Tombstone) -> None:
        write_whole(self.path / TOMBSTONE, encode(tombstone))

    def has_ended(self) -> bool:
        """Whether the peer of this enrolment was deleted. The tombstone of an earlier peer does not count."""
        tombstone, enrollment = self.tombstone(), self.enrollment()
        return tombstone is not None and enrollment is not None and tombstone.peer_id == enrollment.peer_id

    def down(self) -> Down | None:
        """How the tunnel was taken down by hand; None: it is to be up. A damaged file keeps a sealed host sealed."""
        try:
            return parsed(self.path / DOWN, Down)
        except StateUnusable:
            return Down(keeps_seal=True)

    def save_down(self, down: Down) -> None:
        write_whole(self.path / DOWN, encode(down))

    def forget_down(self) -> None:
        remove(self.path / DOWN)

    def status(self) -> bytes | None:
        return read(self.path / STATUS)

    def save_status(self, status: bytes) -> None:
        write_whole(self.path / STATUS, status, is_durable=False)

    def forget(self) -> None:
        """Delete every file, the enrolment last: until then the same command can be given again.

        Raises:
            StateUnusable: something cannot be deleted.
        """
        try:
            rest = [path for path in self.path.iterdir() if path.name != ENROLLMENT]
            for path in rest:
                path.unlink()
            (self.path / ENROLLMENT).unlink(missing_ok=True)
            self.path.rmdir()
        except OSError as refused:
            raise StateUnusable(f"{self.path} cannot be deleted: {refused.strerror}") from refused

    def pid_file(self, interface: str) -> Path:
        return self.path / f"{interface}.pid"

    def seal_file(self, interface: str) -> Path:
        return self.path / f"{interface}_seal.nft"

    def table_file(self, interface: str) -> Path:
        return self.path / f"{interface}.table"

    @property
    def settings_file(self) -> Path:
        """One file for all enrolments of this host: what they changed of the kernel's settings."""
        return self.path.parent / "settings.json"

    @property
    def guard_pid_file(self) -> Path:
        return self.path / "guard.pid"
