"""`wirety-agent`: reads the command line and hands over to the command's own module."""

import importlib
import sys
from collections.abc import Sequence

from agent import logs, platforms
from agent.adapters.frozen import settle
from agent.commands.answers import EXIT_FAILED, Complaints
from agent.errors import AgentError
from agent.settings import (
    DebugSettings,
    DoctorSettings,
    DownSettings,
    EnrollSettings,
    ExportSettings,
    ImportSettings,
    InstallSettings,
    JoinSettings,
    LeaveSettings,
    PeersSettings,
    PingSettings,
    PlanSettings,
    RunSettings,
    SealSettings,
    StatusSettings,
    UpSettings,
    VersionSettings,
    parse,
    wants_json,
)

MODULES = {
    DebugSettings: "debug",
    DoctorSettings: "doctor",
    DownSettings: "down",
    EnrollSettings: "enroll",
    ExportSettings: "identity",
    ImportSettings: "identity",
    InstallSettings: "install_service",
    JoinSettings: "join",
    LeaveSettings: "leave",
    PeersSettings: "peers",
    PingSettings: "ping",
    PlanSettings: "plan",
    RunSettings: "run",
    SealSettings: "seal",
    StatusSettings: "status",
    UpSettings: "up",
    VersionSettings: "version",
}
EXIT_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    settle()
    words = sys.argv[1:] if arguments is None else arguments
    complaints = Complaints(wants_json(words))
    logs.set_up("json" if complaints.is_json else "plain", "warning")
    try:
        settings = parse(words, warn=complaints.warn)
        platforms.module_of()
        command = importlib.import_module(f"agent.commands.{MODULES[type(settings)]}")
        return int(command.run(settings))
    except AgentError as failed:
        return complaints.fail(failed)
    except BrokenPipeError:
        return EXIT_FAILED  # who read our output has ended
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
