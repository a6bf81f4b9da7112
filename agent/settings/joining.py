"""Commands by which a host joins and leaves, and moves: enroll, join, leave, identity."""

from dataclasses import dataclass, field
from pathlib import Path

from agent.settings import parser as declare
from agent.settings import values
from agent.settings.given import Given
from agent.settings.parser import Command, Parser, option, switch

ENROLL_EPILOG = """\
Looks first whether this host could run the agent: a token is good once. With --token - it is read from
stdin, so that it stands in no list of processes. If no answer comes, the same command again is safe.
"""
JOIN_EPILOG = """\
For images, cloud-init and CI: many hosts have one key, and each becomes a peer of its own. Run it at every start: a
host that is a peer of the network already stays what it is. With --key - the key is read from stdin, with --key-file
from a file, so that it stands in no list of processes. If no answer comes, the same command again is safe.
"""
LEAVE_EPILOG = """\
Stop the agent first. If the control plane cannot be told, nothing is changed (exit code 4).
"""
IDENTITY_EPILOG = """\
The file is sealed by the passphrase (scrypt, ChaCha20-Poly1305). Who has both is this peer: it
keeps a lost machine from voiding every static peer's file. Only one host may run it at a time.
"""


@dataclass(frozen=True, slots=True)
class EnrollSettings:
    """`skips_checks`: enrol a host that could not run the agent as it is."""

    server: str
    token: str = field(repr=False)
    state_dir: Path
    is_insecure: bool
    is_json: bool = False
    skips_checks: bool = False


@dataclass(frozen=True, slots=True)
class JoinSettings:
    """`network_id`: that the key is of. `skips_checks` as for EnrollSettings."""

    server: str
    key: str = field(repr=False)
    network_id: str
    state_dir: Path
    is_insecure: bool
    is_json: bool = False
    skips_checks: bool = False


@dataclass(frozen=True, slots=True)
class LeaveSettings:
    """`is_forced`: clean up here even when the control plane cannot be told; `is_local`: do not tell it."""

    state_dir: Path
    network_id: str | None
    is_local: bool
    is_forced: bool
    void_files: bool
    is_insecure: bool
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """`passphrase_file` None: ask the terminal; `-`: stdin."""

    state_dir: Path
    network_id: str | None
    file: Path
    passphrase_file: str | None
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class ImportSettings:
    state_dir: Path
    file: Path
    passphrase_file: str | None
    is_json: bool = False


def _declare_enroll(parser: Parser) -> None:
    option(parser, "server", "ORIGIN", "the deployment, as https://host")
    option(parser, "token", "TOKEN", "the one-time token, or - to read it from stdin")
    switch(parser, "skip_checks", "enrol though this host could not run the agent as it is")
    declare.state_dir(parser)
    declare.insecure(parser)
    declare.json(parser)


def _read_enroll(given: Given) -> EnrollSettings:
    is_insecure = given.is_asked("insecure")
    return EnrollSettings(
        server=values.origin(given.text("server") or "", is_insecure),
        token=values.token(given),
        state_dir=values.state_dir(given),
        is_insecure=is_insecure,
        is_json=given.is_asked("json"),
        skips_checks=given.is_asked("skip_checks"),
    )


def _declare_join(parser: Parser) -> None:
    option(parser, "server", "ORIGIN", "the deployment, as https://host")
    option(parser, "key", "KEY", "the network's join key, or - to read it from stdin")
    option(parser, "key_file", "FILE", "its first line is the join key")
    switch(parser, "skip_checks", "join though this host could not run the agent as it is")
    declare.state_dir(parser)
    declare.insecure(parser)
    declare.json(parser)


def _read_join(given: Given) -> JoinSettings:
    is_insecure = given.is_asked("insecure")
    key = values.join_key(given)
    return JoinSettings(
        server=values.origin(given.text("server") or "", is_insecure),
        key=key,
        network_id=values.network_of(key),
        state_dir=values.state_dir(given),
        is_insecure=is_insecure,
        is_json=given.is_asked("json"),
        skips_checks=given.is_asked("skip_checks"),
    )


def _declare_leave(parser: Parser) -> None:
    declare.state_dir(parser)
    declare.network(parser)
    switch(parser, "local", "clean up this host and tell nobody: its identity was imported elsewhere")
    switch(parser, "force", "clean up this host though the control plane is away")
    switch(parser, "void_files", "of a jump: though files of static peers name its key")
    declare.insecure(parser)
    declare.json(parser)


def _read_leave(given: Given) -> LeaveSettings:
    return LeaveSettings(
        state_dir=values.state_dir(given),
        network_id=given.text("network"),
        is_local=given.is_asked("local"),
        is_forced=given.is_asked("force"),
        void_files=given.is_asked("void_files"),
        is_insecure=given.is_asked("insecure"),
        is_json=given.is_asked("json"),
    )


def _declare_identity(parser: Parser) -> None:
    parser.add_argument("way", choices=["export", "import"], help="write the file, or become the peer in it")
    parser.add_argument("file", metavar="FILE", help="written by export, mode 0600; read by import")
    option(parser, "passphrase_file", "FILE", "its first line is the passphrase, - for stdin; default: ask")
    declare.state_dir(parser)
    declare.network(parser)
    declare.json(parser)


def _read_identity(given: Given) -> ExportSettings | ImportSettings:
    directory, file = values.state_dir(given), Path(given.flags.file)
    passphrase_file, is_json = given.text("passphrase_file"), given.is_asked("json")
    if given.flags.way == "export":
        return ExportSettings(directory, given.text("network"), file, passphrase_file, is_json)
    return ImportSettings(directory, file, passphrase_file, is_json)


ENROLL = Command(
    "enroll",
    "make this host's keys and join a network by a one-time token",
    _declare_enroll,
    _read_enroll,
    ENROLL_EPILOG,
)
JOIN = Command(
    "join",
    "become a new peer of a network by its join key, once however often it is run",
    _declare_join,
    _read_join,
    JOIN_EPILOG,
)
LEAVE = Command(
    "leave", "give the peer up: its key, its tunnel, this enrolment", _declare_leave, _read_leave, LEAVE_EPILOG
)
IDENTITY = Command(
    "identity", "move a jump to another machine, keys and all", _declare_identity, _read_identity, IDENTITY_EPILOG
)
