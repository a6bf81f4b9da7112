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

    `status` is the HTTP status, None without an answer; `code` the problem's; `retry_after_s`: when it says to ask
    again, None: nothing.
    """

    def __init__(
        self, reason: str, status: int | None = None, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


class IdentityUnusable(AgentError):
    """An exported identity cannot be written, opened or taken over."""


class LeaveRefused(AgentError):
    """The control plane answered `leave` with a problem."""


class PeerDeleted(AgentError):
    """The control plane answered 410 with a tombstone."""

    def __init__(self, tombstone: Tombstone) -> None:
        super().__init__(f"peer {tombstone.peer_id} was deleted")
        self.tombstone = tombstone


class BundleRefused(AgentError):
    """A bundle that would not converge or cannot be parsed: the last good one stays."""


class DeltaRefused(AgentError):
    """A delta that does not fit the bundle at hand: the whole bundle is taken."""


class SignatureInvalid(AgentError):
    """What came is not signed by a key that this enrolment trusts: it counts for nothing."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the {kind} is not signed by this deployment: if it was replaced, enrol again")


class KeyRefused(AgentError):
    """Another peer has this public key, or had it: a new pair has to be made."""


class ToolFailed(AgentError):
    """A command of the host failed; the message holds its name and its last line."""


class ToolMissing(ToolFailed):
    """A command of the host is not installed."""
