"""The command line and its environment variables → one frozen Settings."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from agent import __version__
from agent.errors import SettingsInvalid
from agent.state import CONFIRM_WITHIN_S
from agent.tunnel.nat import INTERFACE_NAME

DEFAULT_STATE_DIR = "/var/lib/wirety"
DEFAULT_KEY_DAYS = 30.0
SHORTEST_CONFIRM_S = 5.0
LONGEST_CONFIRM_S = 3600.0
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})

EPILOG = """\
Every flag has an environment variable of its name: SERVER_URL, TOKEN, STATE_DIR, NETWORK_ID,
INSECURE, JSON, LOG_FORMAT, NAT_INTERFACES, MANAGE_FORWARD, ONCE, FETCH, LOCAL, FORCE, VOID_FILES,
PASSPHRASE_FILE, CONFIRM_WITHIN, KEY_DAYS, METRICS_PORT, WIRETY_NO_LAN. REQUESTS_CA_BUNDLE names certificates to trust.
"""
RUN_EPILOG = """\
SIGTERM and SIGINT end the agent within a second and leave the tunnel up, so that a restart
or an upgrade loses nothing; the next run takes it over. Exit codes: 0 stopped, 1 cannot run,
2 wrong usage, 3 the peer was deleted and its tunnel is down (do not start again).

--once brings the tunnel up from the last good bundle, fetches what is newer, applies it, reports
it and ends. Exit codes: 0 as the control plane wants it, 1 the host refused, 3 deleted, 4 the
control plane could not be asked or told: the tunnel stands on the last good bundle, or on a newer
one that a guard undoes unless the control plane answers (--confirm-within).
"""
IDENTITY_EPILOG = """\
The file is sealed by the passphrase (scrypt, ChaCha20-Poly1305). Who has both is this peer: it
keeps a lost machine from voiding every static peer's file. Only one host may run it at a time.
"""
SEAL_EPILOG = """\
For the unit wirety-agent-seal, before the host's network is up. Only hosts that sent everything through
their home jump are sealed, by the files wy*_seal.nft in the state directory: what does not go through the
tunnel stays where it is, DHCP and the agent apart. A damaged file seals the host from its local network too.
Running the agent opens the way, leaving the network removes the seal.
"""
PLAN_EPILOG = """\
Changes nothing. Without --fetch it compares this host with the last good bundle on disk.
"""


@dataclass(frozen=True, slots=True)
class EnrollSettings:
    server: str
    token: str = field(repr=False)
    state_dir: Path
    is_insecure: bool


@dataclass(frozen=True, slots=True)
class RunSettings:
    """`is_guard`: stand in for an agent that ended during a trial, until that is over."""

    state_dir: Path
    network_id: str | None
    is_insecure: bool
    log_format: Literal["json", "plain"]
    nat_interfaces: tuple[str, ...] = ()
    manages_forward: bool = False
    is_once: bool = False
    confirm_within_s: float = CONFIRM_WITHIN_S
    is_guard: bool = False
    key_days: float = DEFAULT_KEY_DAYS
    metrics_port: int | None = None
    allows_lan: bool = True


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """`is_fetched`: compare with what the control plane has now."""

    state_dir: Path
    network_id: str | None
    is_json: bool
    is_fetched: bool
    is_insecure: bool
    nat_interfaces: tuple[str, ...] = ()
    manages_forward: bool = False
    allows_lan: bool = True


@dataclass(frozen=True, slots=True)
class LeaveSettings:
    """`is_forced`: clean up here even when the control plane cannot be told; `is_local`: do not tell it."""

    state_dir: Path
    network_id: str | None
    is_local: bool
    is_forced: bool
    void_files: bool
    is_insecure: bool


@dataclass(frozen=True, slots=True)
class DoctorSettings:
    """`server`: what a host that is not enrolled should reach; None: nothing is asked."""

    state_dir: Path
    network_id: str | None
    server: str | None
    is_json: bool


@dataclass(frozen=True, slots=True)
class SealSettings:
    state_dir: Path


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """`passphrase_file` None: ask the terminal; `-`: stdin."""

    state_dir: Path
    network_id: str | None
    file: Path
    passphrase_file: str | None


@dataclass(frozen=True, slots=True)
class ImportSettings:
    state_dir: Path
    file: Path
    passphrase_file: str | None


@dataclass(frozen=True, slots=True)
class StatusSettings:
    state_dir: Path
    network_id: str | None
    is_json: bool


MovingSettings = ExportSettings | ImportSettings
Settings = (
    EnrollSettings
    | RunSettings
    | SealSettings
    | PlanSettings
    | LeaveSettings
    | DoctorSettings
    | MovingSettings
    | StatusSettings
)


def parse(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Settings:
    """Read one command.

    Raises:
        SettingsInvalid: a value is missing or cannot be used.
        SystemExit: argparse's own, after its message or `--help`.
    """
    env = os.environ if environment is None else environment
    given = _parser().parse_args(arguments)
    state_dir = Path(given.state_dir or env.get("STATE_DIR") or DEFAULT_STATE_DIR)
    network_id = getattr(given, "network", None) or env.get("NETWORK_ID") or None
    match given.command:
        case "enroll":
            is_insecure = given.insecure or _is_set(env, "INSECURE")
            server = origin(given.server or env.get("SERVER_URL") or "", is_insecure)
            return EnrollSettings(server, _token(given.token, env), state_dir, is_insecure)
        case "run" | "guard":
            is_insecure = given.insecure or _is_set(env, "INSECURE")
            form, once = _log_format(given.log_format, env), given.command == "run" and _is_asked(given, env, "once")
            nat, manages = _nat_interfaces(given.nat_interface, env), _is_asked(given, env, "manage_forward")
            within_s, is_guard = _confirm_within_s(given.confirm_within, env), given.command == "guard"
            days, port = _key_days(given.key_days, env), _port(given.metrics_port or env.get("METRICS_PORT"))
            return RunSettings(
                state_dir,
                network_id,
                is_insecure,
                form,
                nat,
                manages,
                once,
                within_s,
                is_guard,
                days,
                port,
                _allows_lan(given, env),
            )
        case "seal":
            return SealSettings(state_dir)
        case "plan":
            json, fetched, insecure = (_is_asked(given, env, flag) for flag in ("json", "fetch", "insecure"))
            nat, manages = _nat_interfaces(given.nat_interface, env), _is_asked(given, env, "manage_forward")
            lan = _allows_lan(given, env)
            return PlanSettings(state_dir, network_id, json, fetched, insecure, nat, manages, lan)
        case "leave":
            flags = (_is_asked(given, env, flag) for flag in ("local", "force", "void_files", "insecure"))
            return LeaveSettings(state_dir, network_id, *flags)
        case "doctor":
            named = given.server or env.get("SERVER_URL")
            asked = origin(named, is_insecure=True) if named else None  # nothing secret is sent
            return DoctorSettings(state_dir, network_id, asked, _is_asked(given, env, "json"))
        case "identity":
            passphrase_file = given.passphrase_file or env.get("PASSPHRASE_FILE") or None
            if given.way == "export":
                return ExportSettings(state_dir, network_id, Path(given.file), passphrase_file)
            return ImportSettings(state_dir, Path(given.file), passphrase_file)
        case _:
            return StatusSettings(state_dir, network_id, given.json or _is_set(env, "JSON"))


def origin(text: str, is_insecure: bool) -> str:
    """Parse a deployment's origin, such as `https://vpn.example.com`.

    Raises:
        SettingsInvalid: no origin, or http off loopback without --insecure.
    """
    if not text:
        raise SettingsInvalid("say which deployment: --server https://… or SERVER_URL")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as malformed:
        raise SettingsInvalid("--server is no URL") from malformed
    if parts.scheme not in {"https", "http"} or not host or parts.path not in {"", "/"}:
        raise SettingsInvalid("--server is the deployment's origin alone: https://host or https://host:port")
    if parts.query or parts.fragment or parts.username is not None:
        raise SettingsInvalid("--server is the deployment's origin alone: https://host or https://host:port")
    if parts.scheme == "http" and not is_insecure and not _is_loopback(host):
        raise SettingsInvalid(
            f"{host} is asked for by plain http, which anyone between can read and change: use https, or say --insecure"
        )
    return f"{parts.scheme}://{parts.netloc}"


def socket_url(server: str) -> str:
    """The socket of an origin: `wss://host/ws`."""
    return "ws" + server.removeprefix("http") + "/ws"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wirety-agent",
        description="Keeps this host's WireGuard tunnel in step with its Wirety control plane.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"wirety-agent {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    enroll = _command(commands, "enroll", "make this host's keys and join a network by a one-time token")
    enroll.add_argument("--server", metavar="ORIGIN", help="the deployment, as https://host (SERVER_URL)")
    enroll.add_argument("--token", metavar="T", help="the one-time token, or - to read it from stdin (TOKEN)")
    enroll.add_argument("--insecure", action="store_true", help="allow http off loopback (INSECURE=1)")
    run = _run(commands, "run", "keep the tunnel in step, for ever; for a service", RUN_EPILOG)
    _flag(run, "once", "fetch, apply, report and end; for scripts")
    _run(commands, "guard", "started by run: go on in its place if it ends while a change is on trial")
    _command(commands, "seal", "at boot: let nothing leave this host beside the tunnel to come", SEAL_EPILOG)
    plan = _of_network(_command(commands, "plan", "say what run would do to this host, without doing it", PLAN_EPILOG))
    _flag(plan, "fetch", "for what the control plane has now")
    _flag(plan, "insecure", "allow http off loopback")
    _flag(plan, "json", "for scripts")
    _of_full_encapsulation(_of_jump(plan))
    leave = _of_network(_command(commands, "leave", "give the peer up: its key, its tunnel, this enrolment"))
    _flag(leave, "local", "clean up this host and tell nobody: its identity was imported elsewhere")
    _flag(leave, "force", "clean up this host though the control plane is away")
    _flag(leave, "void_files", "of a jump: though files of static peers name its key")
    _flag(leave, "insecure", "allow http off loopback")
    doctor = _of_network(_command(commands, "doctor", "look for what is wrong on this host, enrolled or not"))
    doctor.add_argument("--server", metavar="ORIGIN", help="the deployment to reach, before enrolling (SERVER_URL)")
    _flag(doctor, "json", "for scripts")
    identity = _command(commands, "identity", "move a jump to another machine, keys and all", IDENTITY_EPILOG)
    identity.add_argument("way", choices=["export", "import"])
    identity.add_argument("file", metavar="FILE", help="written by export, mode 0600; read by import")
    _of_network(identity)
    identity.add_argument("--passphrase-file", metavar="F", help="its first line, - for stdin (PASSPHRASE_FILE)")
    status = _command(commands, "status", "say what the agent of this host does")
    status.add_argument("--network", metavar="ID", help="which enrolment, where there are several (NETWORK_ID)")
    status.add_argument("--json", action="store_true", help="for scripts (JSON=1)")
    return parser


def _run(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, epilog: str = ""
) -> argparse.ArgumentParser:
    run = _of_network(_command(commands, name, text, epilog))
    run.add_argument("--insecure", action="store_true", help="allow http and ws off loopback (INSECURE=1)")
    run.add_argument("--log-format", choices=["json", "plain"], help="default: plain on a terminal (LOG_FORMAT)")
    run.add_argument("--metrics-port", metavar="P", help="Prometheus metrics on this loopback port (METRICS_PORT)")
    run.add_argument(
        "--confirm-within",
        metavar="S",
        help="undo a change after which the control plane is out of reach for so long;"
        f" default {CONFIRM_WITHIN_S:.0f} (CONFIRM_WITHIN)",
    )
    days = "replace a regular peer's WireGuard key this often; default 30, 0: only when asked to (KEY_DAYS)"
    run.add_argument("--key-days", metavar="N", help=days)
    return _of_full_encapsulation(_of_jump(run))


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, epilog: str = ""
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--state-dir", metavar="D", help=f"default {DEFAULT_STATE_DIR} (STATE_DIR)")
    return command


def _of_network(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--network", metavar="ID", help="which enrolment, where there are several (NETWORK_ID)")
    return command


def _of_jump(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument(
        "--nat-interface",
        metavar="NAME",
        action="append",
        help="of a jump: where masquerading happens, repeatable; default: where routes go (NAT_INTERFACES=a,b)",
    )
    _flag(command, "manage_forward", "of a jump: add one rule to other firewalls that drop what it forwards")
    return command


def _of_full_encapsulation(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument(
        "--no-lan",
        action="store_true",
        help="with full encapsulation: the local network is not reached either (WIRETY_NO_LAN=1)",
    )
    return command


def _allows_lan(given: argparse.Namespace, env: Mapping[str, str]) -> bool:
    return not (given.no_lan or _is_set(env, "WIRETY_NO_LAN"))


def _flag(command: argparse.ArgumentParser, name: str, text: str) -> None:
    """A flag and its environment variable; `_is_asked` reads both."""
    command.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=f"{text} ({name.upper()}=1)")


def _is_asked(given: argparse.Namespace, env: Mapping[str, str], name: str) -> bool:
    return bool(getattr(given, name)) or _is_set(env, name.upper())


def _token(given: str | None, env: Mapping[str, str]) -> str:
    text = sys.stdin.readline() if given == "-" else given or env.get("TOKEN") or ""
    if not text.strip():
        raise SettingsInvalid("give the one-time token: --token T, --token - for stdin, or TOKEN")
    return text.strip()


def _key_days(given: str | None, env: Mapping[str, str]) -> float:
    text = given or env.get("KEY_DAYS") or str(DEFAULT_KEY_DAYS)
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days <= 3650:  # NaN is neither
        raise SettingsInvalid("--key-days is a number of days, 0 for never")
    return days


def _log_format(given: str | None, env: Mapping[str, str]) -> Literal["json", "plain"]:
    asked = given or env.get("LOG_FORMAT") or ("plain" if sys.stderr.isatty() else "json")
    if asked not in {"json", "plain"}:
        raise SettingsInvalid("LOG_FORMAT is json or plain")
    return "json" if asked == "json" else "plain"


def _nat_interfaces(given: Sequence[str] | None, env: Mapping[str, str]) -> tuple[str, ...]:
    names = given or env.get("NAT_INTERFACES", "").replace(",", " ").split()
    for name in names:
        if not INTERFACE_NAME.fullmatch(name):
            raise SettingsInvalid(f"--nat-interface: {name!r} is no interface of the host's own")
    return tuple(sorted(set(names)))


def _confirm_within_s(given: str | None, env: Mapping[str, str]) -> float:
    text = given or env.get("CONFIRM_WITHIN") or str(CONFIRM_WITHIN_S)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not SHORTEST_CONFIRM_S <= seconds <= LONGEST_CONFIRM_S:
        raise SettingsInvalid(f"--confirm-within is {SHORTEST_CONFIRM_S:.0f} to {LONGEST_CONFIRM_S:.0f} seconds")
    return seconds


def _port(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SettingsInvalid("--metrics-port is a port: 1 to 65535")
    return int(text)


def _is_set(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").strip().lower()
    if text not in YES | NO:
        raise SettingsInvalid(f"{name} is 1 or 0")
    return text in YES


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
