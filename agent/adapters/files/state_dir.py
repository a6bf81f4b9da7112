"""The state directory: one directory for each enrolment, keys of enrolments under way in `pending/`."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.adapters.files.enrollment_dir import ENROLLMENT, EnrollmentDir
from agent.adapters.files.parsed_files import parsed
from agent.adapters.files.whole_files import write_whole
from agent.errors import EnrollmentMissing, IdentityUnusable, StateUnusable
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.trust import Keyring
from chalicelib.wire.codec import encode

PENDING = "pending"


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
        """The directory of a network's enrolment, there or not. Raises StateUnusable: the id cannot name one."""
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
        lock = directory.lock.hold()
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
            AlreadyRunning: an agent runs for that network.
        """
        directory = self.of_network(enrollment.network_id)
        lock = directory.lock.hold()
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
        return parsed(self._pending(server, token), Keys)

    def save_pending_keys(self, server: str, token: str, keys: Keys) -> None:
        write_whole(self._pending(server, token), encode(keys))

    def forget_pending_keys(self, server: str, token: str) -> None:
        self._pending(server, token).unlink(missing_ok=True)

    def _pending(self, server: str, token: str) -> Path:
        digest = hashlib.sha256(f"{server}\n{token}".encode()).hexdigest()
        return self.root / PENDING / f"{digest[:16]}.json"


def _is_alive(directory: EnrollmentDir) -> bool:
    """Whether the enrolment has not ended; a damaged one counts as alive, for nobody knows."""
    try:
        return not directory.has_ended()
    except StateUnusable:
        return True
