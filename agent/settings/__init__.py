"""The command line and its environment variables → the frozen settings of one command."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent import __version__
from agent.settings import joining, looking, running
from agent.settings.given import YES, Given
from agent.settings.joining import EnrollSettings, ExportSettings, ImportSettings, JoinSettings, LeaveSettings
from agent.settings.looking import (
    DebugSettings,
    DoctorSettings,
    PeersSettings,
    PingSettings,
    StatusSettings,
    VersionSettings,
)
from agent.settings.parser import Command, Paragraphs, Parser
from agent.settings.running import (
    DownSettings,
    InstallSettings,
    PlanSettings,
    RunSettings,
    SealSettings,
    UpSettings,
)
from agent.settings.values import origin, socket_url

__all__ = [
    "COMMANDS",
    "DebugSettings",
    "DoctorSettings",
    "DownSettings",
    "EnrollSettings",
    "ExportSettings",
    "ImportSettings",
    "InstallSettings",
    "JoinSettings",
    "LeaveSettings",
    "PeersSettings",
    "PingSettings",
    "PlanSettings",
    "RunSettings",
    "SealSettings",
    "Settings",
    "StatusSettings",
    "UpSettings",
    "VersionSettings",
    "origin",
    "parse",
    "socket_url",
    "wants_json",
]

Settings = (
    EnrollSettings
    | JoinSettings
    | RunSettings
    | StatusSettings
    | PeersSettings
    | PingSettings
    | UpSettings
    | DownSettings
    | PlanSettings
    | LeaveSettings
    | DoctorSettings
    | DebugSettings
    | ExportSettings
    | ImportSettings
    | SealSettings
    | InstallSettings
    | VersionSettings
)
COMMANDS = (
    joining.ENROLL,
    joining.JOIN,
    running.RUN,
    looking.STATUS,
    looking.PEERS,
    looking.PING,
    running.DOWN,
    running.UP,
    running.PLAN,
    looking.DOCTOR,
    looking.DEBUG,
    joining.LEAVE,
    joining.IDENTITY,
    running.INSTALL,
    running.SEAL,
    looking.VERSION,
    running.GUARD,
)
EPILOG = """\
Every flag has an environment variable, named in the command's --help; WIRETY_JSON=1 and WIRETY_STATE_DIR=DIR go for all
of them. REQUESTS_CA_BUNDLE names certificates to trust.

With --json a command prints its result as one JSON object on stdout, and an error as one on stderr:
{"error": {"code": "already_running", "message": "…"}}.

Exit codes: 0 done; 1 it cannot be done, or the answer is no (status --check, doctor, ping); 2 wrong usage; 3 the peer
was deleted; 4 the control plane could not be asked or told; 5 this agent does not run on this operating system.
"""


def parse(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Settings:
    """Read one command; `warn` is called with what the user should change.

    Raises:
        SettingsInvalid: a value is missing or cannot be used.
        SystemExit: after `--help` or `--version`.
    """
    env = os.environ if environment is None else environment
    flags = _parser().parse_args(arguments)
    command: Command = flags.command
    settings: Settings = command.read(Given(flags, env, warn))
    return settings


def wants_json(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> bool:
    """Whether errors are to be JSON, also when the command cannot be read."""
    env = os.environ if environment is None else environment
    return "--json" in arguments or env.get("WIRETY_JSON", "").strip().lower() in YES


def _parser() -> Parser:
    parser = Parser(
        prog="wirety-agent",
        description="Keeps this host's WireGuard tunnel in step with its Wirety control plane.",
        epilog=EPILOG,
        formatter_class=Paragraphs,
    )
    parser.add_argument("--version", action="version", version=f"wirety-agent {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for command in COMMANDS:
        shown: dict[str, Any] = {"help": command.summary} if command.is_listed else {}
        made = commands.add_parser(
            command.name,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
            epilog=command.epilog,
            formatter_class=Paragraphs,
            **shown,
        )
        command.declare(made)
        made.set_defaults(command=command)
    return parser
