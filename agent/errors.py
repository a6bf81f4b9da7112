"""What can go wrong, each kind with the message its user reads."""

from typing import ClassVar

from chalicelib.wire.bundle import Tombstone


class AgentError(Exception):
    """The message says what is wrong and what to do next; it never holds a secret.

    `kind` is for scripts: it stays as it is from release to release.
    """

    kind: ClassVar[str] = "failed"


class SettingsInvalid(AgentError):
    """A flag or environment variable cannot be used."""

    kind = "usage"


class EnrollmentRefused(AgentError):
    """The control plane answered the enrolment with a problem."""

    kind = "enrollment_refused"


class EnrollmentMissing(AgentError):
    """No enrolment, or several and none chosen."""

    kind = "not_enrolled"


class AlreadyRunning(AgentError):
    """Another process holds the lock of this enrolment."""

    kind = "already_running"


class StateUnusable(AgentError):
    """The state directory cannot be read or written."""

    kind = "state_unusable"


class Outage(AgentError):
    """The control plane gave no usable answer: the tunnel stays as it is.

    `status` is the HTTP status, None without an answer; `code` the problem's; `retry_after_s`: when it says to ask
    again, None: nothing.
    """

    kind = "control_plane_away"

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

    kind = "identity_unusable"


class LeaveRefused(AgentError):
    """The control plane answered `leave` with a problem."""

    kind = "leave_refused"


class PeerDeleted(AgentError):
    """The control plane answered 410 with a tombstone."""

    kind = "peer_deleted"

    def __init__(self, tombstone: Tombstone) -> None:
        super().__init__(f"peer {tombstone.peer_id} was deleted")
        self.tombstone = tombstone


class Ended(AgentError):
    """The peer of this enrolment was deleted before."""

    kind = "peer_deleted"


class RightsMissing(AgentError):
    """This process may not do what the command needs."""

    kind = "rights_missing"


class HostUnready(AgentError):
    """This host could not run the agent as it is; nothing was asked of the control plane."""

    kind = "host_unready"


class PlatformUnsupported(AgentError):
    """The agent has no adapters for this operating system."""

    kind = "platform_unsupported"


class TakenDown(AgentError):
    """The tunnel of this enrolment is down by hand."""

    kind = "taken_down"


class NotUp(AgentError):
    """The tunnel did not come up, or go down, in time."""

    kind = "not_in_time"


class PeerUnknown(AgentError):
    """No peer of the last good bundle is called so."""

    kind = "peer_unknown"


class BundleRefused(AgentError):
    """A bundle that would not converge or cannot be parsed: the last good one stays."""

    kind = "bundle_refused"


class DeltaRefused(AgentError):
    """A delta that does not fit the bundle at hand: the whole bundle is taken."""

    kind = "delta_refused"


class SignatureInvalid(AgentError):
    """What came is not signed by a key that this enrolment trusts: it counts for nothing."""

    kind = "signature_invalid"

    def __init__(self, kind: str) -> None:
        super().__init__(f"the {kind} is not signed by this deployment: if it was replaced, enrol again")


class KeyRefused(AgentError):
    """Another peer has this public key, or had it: a new pair has to be made."""

    kind = "key_refused"


class ToolFailed(AgentError):
    """A command of the host failed; the message holds its name and the line that says what went wrong.

    `at_line`: which of the lines it was given it stopped at, from 1; None: it does not say.
    """

    def __init__(self, message: str, at_line: int | None = None) -> None:
        super().__init__(message)
        self.at_line = at_line

    kind = "tool_failed"


class ToolMissing(ToolFailed):
    """A command of the host is not installed."""

    kind = "tool_missing"
