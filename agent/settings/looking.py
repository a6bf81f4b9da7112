"""Commands that look and change nothing: status, peers, ping, doctor, debug, version."""

from dataclasses import dataclass
from pathlib import Path

from agent.settings import parser as declare
from agent.settings import values
from agent.settings.given import Given
from agent.settings.parser import Command, Parser, option, switch

STATUS_EPILOG = """\
Exit codes: 0 shown, 1 cannot. With --check, for health checks: 0 every enrolment shown is connected and as the
control plane wants it; 1 one is not: no agent runs, it was taken down, not connected, blocked, its peer was deleted, or
its newest bundle was refused or rolled back.
"""
PEERS_EPILOG = """\
Those with a public key are WireGuard's peers here; the others are reached through the home jump. Read of
WireGuard as root; without that right, of the last bundle alone.
"""
PING_EPILOG = """\
Sends ICMP echoes through the tunnel, as root. Exit codes: 0 an answer came, 1 none did.
"""
DEBUG_EPILOG = """\
Collects status, plan, doctor's findings, tools, addresses, routes, firewall tables, the service's log and the state
directory's files, without keys, preshared keys, tokens and sessions. Addresses, names and public keys stay.
"""


@dataclass(frozen=True, slots=True)
class StatusSettings:
    """`is_check`: answer by the exit code too. `network_id` None: every enrolment of this host."""

    state_dir: Path
    network_id: str | None
    is_json: bool
    is_check: bool = False


@dataclass(frozen=True, slots=True)
class PeersSettings:
    state_dir: Path
    network_id: str | None
    is_json: bool


@dataclass(frozen=True, slots=True)
class PingSettings:
    """`peer`: a name, an id or an address in the tunnel."""

    state_dir: Path
    network_id: str | None
    peer: str
    count: int
    timeout_s: float
    is_json: bool


@dataclass(frozen=True, slots=True)
class DoctorSettings:
    """`server`: what a host that is not enrolled should reach; None: nothing is asked."""

    state_dir: Path
    network_id: str | None
    server: str | None
    is_json: bool


@dataclass(frozen=True, slots=True)
class DebugSettings:
    """`file` None: a name of its own in the working directory."""

    state_dir: Path
    network_id: str | None
    file: Path | None
    is_json: bool


@dataclass(frozen=True, slots=True)
class VersionSettings:
    is_json: bool


def _declare_place(parser: Parser) -> None:
    declare.state_dir(parser)
    declare.network(parser)
    declare.json(parser)


def _declare_status(parser: Parser) -> None:
    _declare_place(parser)
    switch(parser, "check", "exit with 1 unless all is well, for health checks")


def _read_status(given: Given) -> StatusSettings:
    is_json, is_check = given.is_asked("json"), given.is_asked("check")
    return StatusSettings(values.state_dir(given), given.text("network"), is_json, is_check)


def _read_peers(given: Given) -> PeersSettings:
    return PeersSettings(values.state_dir(given), given.text("network"), given.is_asked("json"))


def _declare_ping(parser: Parser) -> None:
    parser.add_argument("peer", metavar="PEER", help="its name, its id, or its address in the tunnel")
    option(parser, "count", "N", f"how many echoes; default 4, at most {values.MOST_ECHOES}")
    option(parser, "timeout", "SECONDS", "how long to wait for each answer; default 1")
    _declare_place(parser)


def _read_ping(given: Given) -> PingSettings:
    return PingSettings(
        state_dir=values.state_dir(given),
        network_id=given.text("network"),
        peer=given.flags.peer,
        count=values.echo_count(given),
        timeout_s=values.echo_timeout_s(given),
        is_json=given.is_asked("json"),
    )


def _declare_doctor(parser: Parser) -> None:
    option(parser, "server", "ORIGIN", "the deployment to reach, before enrolling")
    _declare_place(parser)


def _read_doctor(given: Given) -> DoctorSettings:
    named = given.text("server")
    asked = values.origin(named, is_insecure=True) if named else None  # nothing secret is sent
    return DoctorSettings(values.state_dir(given), given.text("network"), asked, given.is_asked("json"))


def _declare_debug(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="the archive; default wirety-debug-TIME.tar.gz here")
    _declare_place(parser)


def _read_debug(given: Given) -> DebugSettings:
    file = Path(given.flags.file) if given.flags.file else None
    return DebugSettings(values.state_dir(given), given.text("network"), file, given.is_asked("json"))


def _read_version(given: Given) -> VersionSettings:
    return VersionSettings(given.is_asked("json"))


STATUS = Command("status", "say what the agent of this host does", _declare_status, _read_status, STATUS_EPILOG)
PEERS = Command("peers", "list the network's peers as this host sees them", _declare_place, _read_peers, PEERS_EPILOG)
PING = Command("ping", "ask a peer for an answer through the tunnel", _declare_ping, _read_ping, PING_EPILOG)
DOCTOR = Command("doctor", "look for what is wrong on this host, enrolled or not", _declare_doctor, _read_doctor)
DEBUG = Command(
    "debug", "collect what helps to find a fault, without secrets", _declare_debug, _read_debug, DEBUG_EPILOG
)
VERSION = Command("version", "say which agent, tools and kernel this host has", declare.json, _read_version)
