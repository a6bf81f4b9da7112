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
from agent.nat import INTERFACE_NAME

DEFAULT_STATE_DIR = "/var/lib/wirety"
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})

EPILOG = """\
Every flag has an environment variable of its name: SERVER_URL, TOKEN, STATE_DIR, NETWORK_ID,
INSECURE, JSON, LOG_FORMAT, NAT_INTERFACES, MANAGE_FORWARD. REQUESTS_CA_BUNDLE names certificates to trust.
"""
RUN_EPILOG = """\
SIGTERM and SIGINT end the agent within a second and leave the tunnel up, so that a restart
or an upgrade loses nothing; the next run takes it over. Exit codes: 0 stopped, 1 cannot run,
2 wrong usage, 3 the peer was deleted and its tunnel is down (do not start again).
"""


@dataclass(frozen=True, slots=True)
class EnrollSettings:
    server: str
    token: str = field(repr=False)
    state_dir: Path
    is_insecure: bool


@dataclass(frozen=True, slots=True)
class RunSettings:
    state_dir: Path
    network_id: str | None
    is_insecure: bool
    log_format: Literal["json", "plain"]
    nat_interfaces: tuple[str, ...] = ()
    manages_forward: bool = False


@dataclass(frozen=True, slots=True)
class StatusSettings:
    state_dir: Path
    network_id: str | None
    is_json: bool


Settings = EnrollSettings | RunSettings | StatusSettings


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
        case "run":
            is_insecure = given.insecure or _is_set(env, "INSECURE")
            return RunSettings(
                state_dir,
                network_id,
                is_insecure,
                _log_format(given.log_format, env),
                _nat_interfaces(given.nat_interface, env),
                given.manage_forward or _is_set(env, "MANAGE_FORWARD"),
            )
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
    run = _command(commands, "run", "keep the tunnel in step, for ever; for a service", RUN_EPILOG)
    run.add_argument("--network", metavar="ID", help="which enrolment, where there are several (NETWORK_ID)")
    run.add_argument("--insecure", action="store_true", help="allow http and ws off loopback (INSECURE=1)")
    run.add_argument("--log-format", choices=["json", "plain"], help="default: plain on a terminal (LOG_FORMAT)")
    run.add_argument(
        "--nat-interface",
        metavar="NAME",
        action="append",
        help="of a jump: where masqueraded traffic leaves, repeatable; default: where routes lead (NAT_INTERFACES=a,b)",
    )
    run.add_argument(
        "--manage-forward",
        action="store_true",
        help="of a jump: add one rule to other firewalls that drop what it forwards (MANAGE_FORWARD=1)",
    )
    status = _command(commands, "status", "say what the agent of this host does")
    status.add_argument("--network", metavar="ID", help="which enrolment, where there are several (NETWORK_ID)")
    status.add_argument("--json", action="store_true", help="for scripts (JSON=1)")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, epilog: str = ""
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--state-dir", metavar="D", help=f"default {DEFAULT_STATE_DIR} (STATE_DIR)")
    return command


def _token(given: str | None, env: Mapping[str, str]) -> str:
    text = sys.stdin.readline() if given == "-" else given or env.get("TOKEN") or ""
    if not text.strip():
        raise SettingsInvalid("give the one-time token: --token T, --token - for stdin, or TOKEN")
    return text.strip()


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
