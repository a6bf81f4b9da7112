"""What commands say, for people or as JSON, and the exit codes that scripts go by."""

import sys
from dataclasses import dataclass

import msgspec

from agent.errors import AgentError
from agent.logs import printable

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_PEER_DELETED = 3
EXIT_AWAY = 4
EXIT_UNSUPPORTED = 5
EXIT_OF = {
    "usage": EXIT_USAGE,
    "peer_deleted": EXIT_PEER_DELETED,
    "control_plane_away": EXIT_AWAY,
    "platform_unsupported": EXIT_UNSUPPORTED,
}


class Failure(msgspec.Struct, frozen=True):
    code: str
    message: str


def exit_code(failed: AgentError) -> int:
    return EXIT_OF.get(failed.kind, EXIT_FAILED)


def say(shown: msgspec.Struct, text: str, is_json: bool) -> None:
    """The result, on stdout: the one or the other."""
    print(msgspec.json.encode(shown).decode() if is_json else printable(text))


@dataclass(frozen=True, slots=True)
class Complaints:
    """What goes wrong, on stderr."""

    is_json: bool

    def fail(self, failed: AgentError) -> int:
        """Answers the exit code."""
        self._say("error", Failure(failed.kind, str(failed)))
        return exit_code(failed)

    def warn(self, message: str) -> None:
        self._say("warning", Failure("warning", message))

    def _say(self, what: str, failure: Failure) -> None:
        if self.is_json:
            print(msgspec.json.encode({what: failure}).decode(), file=sys.stderr)
        else:
            print(f"wirety-agent: {printable(failure.message)}", file=sys.stderr)
