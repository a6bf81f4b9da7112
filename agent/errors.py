"""What can go wrong, each kind with the message its user reads."""

from chalicelib.wire.bundle import Tombstone


class AgentError(Exception):
    """The message says what is wrong and what to do next; it never holds a secret."""


class SettingsInvalid(AgentError):
    """A flag or environment variable cannot be used."""


class EnrollmentRefused(AgentError):
    """The control plane answered the enrolment with a problem."""


class EnrollmentMissing(AgentError):
    """No enrolment, or several and none chosen."""


class AlreadyRunning(AgentError):
    """Another process holds the lock of this enrolment."""


class StateUnusable(AgentError):
    """The state directory cannot be read or written."""


class Outage(AgentError):
    """The control plane gave no usable answer: the tunnel stays as it is.

    `status` is the HTTP status, None without an answer.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class PeerDeleted(AgentError):
    """The control plane answered 410 with a tombstone."""

    def __init__(self, tombstone: Tombstone) -> None:
        super().__init__(f"peer {tombstone.peer_id} was deleted")
        self.tombstone = tombstone


class BundleRefused(AgentError):
    """A bundle that would not converge or cannot be parsed: the last good one stays."""


class ToolFailed(AgentError):
    """A command of the host failed; the message holds its name and its last line."""
