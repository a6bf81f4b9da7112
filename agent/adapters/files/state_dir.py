"""The state directory: one directory for each enrolment, keys of one under way in `pending/`."""

import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.adapters.files.whole_files import append, make_directory, read, remove, write_whole
from agent.bundle.received import Fetched, Received, TrialBundle, made_of, subject_of
from agent.errors import (
    AlreadyRunning,
    BundleRefused,
    DeltaRefused,
    EnrollmentMissing,
    IdentityUnusable,
    SignatureInvalid,
    StateUnusable,
)
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.trust import Keyring, Trust
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.codec import decode, encode

ENROLLMENT = "enrollment.json"
PENDING = "pending"
BUNDLE = "bundle.jsonl"
TRIAL = "trial.json"
KEYRING = "keyring.json"
DOWN = "down.json"
LOCKS = Path("/proc/locks")

Shape = TypeVar("Shape")

logger = logging.getLogger(__name__)


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """The tunnel was taken down by hand. `keeps_seal`: a sealed host stays so meanwhile. `is_done`: it is down."""

    keeps_seal: bool
    is_done: bool = False


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """`refused`: why the bundle was rolled back; None: its trial is not over."""

    chain: list[Received]
    refused: str | None


@dataclass(frozen=True, slots=True)
class EnrollmentDir:
    """The files of one enrolment; a `Store`."""

    path: Path

    def enrollment(self) -> Enrollment | None:
        """Raises StateUnusable: damaged, and the keys with it."""
        try:
            return _parsed(self.path / ENROLLMENT, Enrollment)
        except StateUnusable as damaged:
            raise StateUnusable(
                f"{damaged}; put it back from a backup, import an exported identity, or delete {self.path} and enrol"
                " by a new token"
            ) from damaged

    def enrolled(self) -> Enrollment:
        """Raises EnrollmentMissing."""
        enrollment = self.enrollment()
        if enrollment is None:
            raise EnrollmentMissing(f"no enrolment in {self.path}")
        return enrollment

    def save_enrollment(self, enrollment: Enrollment) -> None:
        write_whole(self.path / ENROLLMENT, encode(enrollment))

    def save_keys(self, keys: Keys) -> None:
        """In place of the enrolment's own. Only who holds the lock may."""
        enrollment = self.enrollment()
        if enrollment is None:
            raise StateUnusable(f"there is no enrolment in {self.path} any more")
        self.save_enrollment(msgspec.structs.replace(enrollment, keys=keys))

    def bundle(self, enrollment: Enrollment, trust: Trust) -> Fetched | None:
        """The last good bundle, whole or with the deltas after it, as far as their signatures are good.

        None: there is none, or not of this enrolment: it is fetched again.
        """
        fetched: Fetched | None = None
        for line in (read(self.path / BUNDLE) or b"").splitlines():
            try:
                received = decode(line, Received)
                _check(received, enrollment, trust)
                fetched = made_of([received], fetched)
            except (msgspec.DecodeError, SignatureInvalid, BundleRefused, DeltaRefused):
                break  # torn by a crash, or changed by somebody: what stands before it is good
        return fetched

    def save_bundle(self, chain: Sequence[Received]) -> None:
        write_whole(self.path / BUNDLE, b"".join(map(_line, chain)))

    def add_delta(self, received: Received) -> None:
        append(self.path / BUNDLE, _line(received))

    def trial(self, enrollment: Enrollment, trust: Trust, good: Fetched | None) -> TrialBundle | None:
        """A bundle newer than the last good one, whose trial is not over or which was refused."""
        try:
            kept = _parsed(self.path / TRIAL, Trial)
            for received in kept.chain if kept is not None else ():
                _check(received, enrollment, trust)
            tried = made_of(kept.chain, good) if kept is not None else None
        except (StateUnusable, msgspec.DecodeError, SignatureInvalid, BundleRefused, DeltaRefused):
            return None  # changed by somebody, or to another bundle: it is fetched again
        if kept is None or tried is None or (good is not None and tried.version <= good.version):
            return None
        return TrialBundle(tried, kept.refused)

    def save_trial(self, chain: Sequence[Received], refused: str | None = None) -> None:
        write_whole(self.path / TRIAL, encode(Trial(chain=list(chain), refused=refused)))

    def forget_trial(self) -> None:
        remove(self.path / TRIAL)

    def has_open_trial(self) -> bool:
        try:
            kept = _parsed(self.path / TRIAL, Trial)
        except StateUnusable:
            return False
        return kept is not None and kept.refused is None

    def keyring(self, enrollment: Enrollment) -> Keyring:
        """The keys that may sign; those of an earlier enrolment are none. A damaged file leaves the one that was
        pinned at the enrolment."""
        pinned = enrollment.signing_key
        try:
            kept = _parsed(self.path / KEYRING, Keyring)
        except StateUnusable as damaged:
            logger.warning("keyring_begun_anew", extra={"reason": str(damaged), "with": "the key of the enrolment"})
            kept = None
        return kept if kept is not None and kept.pinned == pinned else Keyring(pinned=pinned, current=pinned)

    def save_keyring(self, keyring: Keyring) -> None:
        write_whole(self.path / KEYRING, encode(keyring))

    def learned(self) -> Mapping[str, str]:
        try:
            return _parsed(self.path / "learned.json", dict[str, str]) or {}
        except StateUnusable:
            return {}  # only speeds up the first handshake

    def save_learned(self, learned: Mapping[str, str]) -> None:
        write_whole(self.path / "learned.json", encode(dict(learned)))

    def addresses(self) -> Mapping[str, Sequence[str]]:
        """The control plane's last ones, by its host name."""
        try:
            return _parsed(self.path / "addresses.json", dict[str, list[str]]) or {}
        except StateUnusable:
            return {}  # only for when its name is not answered

    def save_addresses(self, addresses: Mapping[str, Sequence[str]]) -> None:
        write_whole(self.path / "addresses.json", encode(dict(addresses)))

    def tombstone(self) -> Tombstone | None:
        """One that is damaged proves nothing: the control plane is asked anew."""
        try:
            return _parsed(self.path / "tombstone.json", Tombstone)
        except StateUnusable as damaged:
            logger.warning("tombstone_ignored", extra={"reason": str(damaged)})
            return None

    def save_tombstone(self, tombstone: Tombstone) -> None:
        write_whole(self.path / "tombstone.json", encode(tombstone))

    def has_ended(self) -> bool:
        """Whether the peer of this enrolment was deleted; an earlier peer's tombstone is none."""
        tombstone, enrollment = self.tombstone(), self.enrollment()
        return tombstone is not None and enrollment is not None and tombstone.peer_id == enrollment.peer_id

    def down(self) -> Down | None:
        """None: the tunnel is to be up. One that is damaged keeps a host sealed."""
        try:
            return _parsed(self.path / DOWN, Down)
        except StateUnusable:
            return Down(keeps_seal=True)

    def save_down(self, down: Down) -> None:
        write_whole(self.path / DOWN, encode(down))

    def forget_down(self) -> None:
        remove(self.path / DOWN)

    def status(self) -> bytes | None:
        return read(self.path / "status.json")

    def save_status(self, status: bytes) -> None:
        write_whole(self.path / "status.json", status, is_durable=False)

    def forget(self) -> None:
        """Delete all that is here, the enrolment last: until then it can be gone on with.

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
        """Of all enrolments here: what they changed of the kernel's settings."""
        return self.path.parent / "settings.json"

    @property
    def guard_pid_file(self) -> Path:
        return self.path / "guard.pid"

    @property
    def lock_file(self) -> Path:
        return self.path / "lock"

    def claim(self) -> None:
        """Hold this enrolment to the end of this process, and say which one it is.

        Raises:
            AlreadyRunning.
            StateUnusable: the disk is full.
        """
        descriptor = self.lock()
        try:
            os.pwrite(descriptor, f"{os.getpid():<10}\n".encode(), 0)
        except OSError as refused:
            os.close(descriptor)
            raise StateUnusable(
                f"{self.lock_file} cannot be written: {refused.strerror}; make room and run this again"
            ) from refused

    def feed(self) -> None:
        """Whoever watches for an agent that hangs sees that this one does not."""
        with contextlib.suppress(OSError):
            os.utime(self.lock_file)

    def holder(self) -> int | None:
        """The process that claimed this enrolment last."""
        try:
            return int(self.lock_file.read_text())
        except (OSError, ValueError):
            return None

    def lock(self) -> int:
        """Hold this enrolment until the process ends, or the descriptor is closed.

        Raises:
            AlreadyRunning: another process holds it.
        """
        try:
            make_directory(self.path)
            descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as refused:
            raise StateUnusable(f"{self.path} cannot be used: {refused.strerror}") from refused
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            os.close(descriptor)
            pid = self.holder()
            which = f" (process {pid})" if pid is not None else ""
            raise AlreadyRunning(
                f"an agent already runs for {self.path.name}{which}; stop it first: systemctl stop wirety-agent"
            ) from held
        return descriptor

    def is_running(self) -> bool:
        """Whether an agent holds the lock now; it is looked up in the kernel's list, and not taken for it."""
        try:
            file, holder = self.lock_file.stat(), self.holder()
            return any(_is_held(line, file, holder) for line in LOCKS.read_text().splitlines())
        except OSError:
            return False  # no agent ever ran here


@dataclass(frozen=True, slots=True)
class StateDir:
    root: Path

    def enrollments(self) -> list[EnrollmentDir]:
        """Every enrolment of this host, ended ones too, by network id."""
        if self.root.exists() and not os.access(self.root, os.R_OK | os.X_OK):
            raise StateUnusable(f"{self.root} cannot be read: run this as its owner, most likely root")
        return [EnrollmentDir(path.parent) for path in sorted(self.root.glob(f"*/{ENROLLMENT}"))]

    def chosen(self, network_id: str | None) -> EnrollmentDir:
        """The enrolment asked for, or the only one that has not ended.

        Raises:
            EnrollmentMissing: none, or several and none asked for.
        """
        found = self.enrollments()
        if network_id is not None:
            found = [directory for directory in found if directory.path.name == network_id]
        if len(found) > 1:
            found = [directory for directory in found if _is_alive(directory)] or found
        if len(found) == 1:
            return found[0]
        if not found:
            which = f" for network {network_id}" if network_id is not None else ""
            raise EnrollmentMissing(f"no enrolment{which} in {self.root}: run wirety-agent enroll first")
        names = "".join(f"\n  {directory.path.name}" for directory in found)
        raise EnrollmentMissing(f"several enrolments in {self.root}; choose one by --network:{names}")

    def has_enrollment(self, network_id: str | None) -> bool:
        """Whether there is one of this network, or any."""
        return any(network_id in (None, directory.path.name) for directory in self.enrollments())

    def of_network(self, network_id: str) -> EnrollmentDir:
        """Raises: StateUnusable where the id is no plain name (it becomes a directory)."""
        if not network_id or network_id in {".", "..", PENDING} or "/" in network_id or "\0" in network_id:
            raise StateUnusable("the control plane's network id cannot name a directory")
        return EnrollmentDir(self.root / network_id)

    def keep(self, enrollment: Enrollment) -> Enrollment:
        """Save an enrolment in place of an earlier one of its network.

        Remembers the interfaces of earlier peers, which `run` takes down.

        Raises:
            AlreadyRunning: an agent runs on the earlier one.
        """
        directory = self.of_network(enrollment.network_id)
        lock = directory.lock()
        try:
            before = directory.enrollment()
            former = {*before.former_interfaces, before.interface} if before is not None else set()
            kept = msgspec.structs.replace(enrollment, former_interfaces=sorted(former - {enrollment.interface}))
            directory.save_enrollment(kept)
        finally:
            os.close(lock)
        return kept

    def take_over(self, enrollment: Enrollment, keyring: Keyring) -> Enrollment:
        """Make an imported identity this host's; its bundle is fetched anew.

        Raises:
            IdentityUnusable: the network has an enrolment here already, this peer's or another's.
            AlreadyRunning.
        """
        directory = self.of_network(enrollment.network_id)
        lock = directory.lock()
        try:
            here = directory.enrollment()
            if here is not None:
                raise IdentityUnusable(
                    f"{here.peer_id} of this network lives in {directory.path} already: "
                    + ("it is the same" if here.peer_id == enrollment.peer_id else "wirety-agent leave it first")
                )
            directory.save_keyring(keyring)
            directory.save_enrollment(enrollment)
        finally:
            os.close(lock)
        return enrollment

    def pending_keys(self, server: str, token: str) -> Keys | None:
        return _parsed(self._pending(server, token), Keys)

    def save_pending_keys(self, server: str, token: str, keys: Keys) -> None:
        write_whole(self._pending(server, token), encode(keys))

    def forget_pending_keys(self, server: str, token: str) -> None:
        self._pending(server, token).unlink(missing_ok=True)

    def _pending(self, server: str, token: str) -> Path:
        digest = hashlib.sha256(f"{server}\n{token}".encode()).hexdigest()
        return self.root / PENDING / f"{digest[:16]}.json"


def _is_alive(directory: EnrollmentDir) -> bool:
    """One that is damaged is not known to have ended."""
    try:
        return not directory.has_ended()
    except StateUnusable:
        return True


def _check(received: Received, enrollment: Enrollment, trust: Trust) -> None:
    """Raises SignatureInvalid, msgspec.DecodeError."""
    subject = subject_of(received, enrollment.network_id, enrollment.peer_id)
    trust.check_kept(subject, received.body.encode(), received.signature)


def _is_held(line: str, file: os.stat_result, holder: int | None) -> bool:
    """A line of /proc/locks: `1: FLOCK ADVISORY WRITE pid major:minor:inode start end`, numbers of the device in
    hex; proc(5). Some file systems say another device there than to stat(2): then the process tells."""
    words = line.split()
    if len(words) < 6 or words[1] != "FLOCK":
        return False
    major, minor, inode = words[5].split(":")
    is_device = (int(major, 16), int(minor, 16)) == (os.major(file.st_dev), os.minor(file.st_dev))
    return int(inode) == file.st_ino and (is_device or words[4] == str(holder))


def _line(received: Received) -> bytes:
    return encode(received) + b"\n"


def _parsed(path: Path, shape: type[Shape]) -> Shape | None:
    content = read(path)
    if content is None:
        return None
    try:
        return decode(content, shape)
    except msgspec.DecodeError as damaged:
        raise StateUnusable(f"{path} is damaged: {damaged}") from damaged
