"""The values of flags and variables, checked."""

import re
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from agent.core.trial_window import CONFIRM_WITHIN_S
from agent.errors import SettingsInvalid
from agent.identity.enrollment import FOREIGN_INTERFACE
from agent.settings.given import Given
from agent.settings.parser import DEFAULT_STATE_DIR

LogFormat = Literal["json", "plain"]
LogLevel = Literal["debug", "info", "warning", "error"]

DEFAULT_KEY_DAYS = 30.0
SHORTEST_CONFIRM_S = 5.0
LONGEST_CONFIRM_S = 3600.0
LOG_LEVELS: tuple[LogLevel, ...] = ("debug", "info", "warning", "error")
MOST_ECHOES = 1000
LONGEST_WAIT_S = 60.0
LOOPBACK = "127.0.0.1"
JOIN_KEY = re.compile(r"wirety_join\.([0-9a-z_]{1,64}):[0-9a-z_]{1,64}\.[^.\s]+")


def origin(text: str, is_insecure: bool) -> str:
    """Parse a deployment's origin, such as `https://vpn.example.com`.

    Raises:
        SettingsInvalid: no origin, or http off loopback without --insecure.
    """
    if not text:
        raise SettingsInvalid("say which deployment: --server https://… or WIRETY_SERVER_URL")
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


def state_dir(given: Given) -> Path:
    return Path(given.text("state_dir") or DEFAULT_STATE_DIR)


def token(given: Given) -> str:
    asked = given.text("token") or ""
    text = sys.stdin.readline() if asked == "-" else asked
    if not text.strip():
        raise SettingsInvalid("give the one-time token: --token - and the token by stdin, or WIRETY_TOKEN")
    return text.strip()


def join_key(given: Given) -> str:
    """Of the flag, stdin, a file or the environment."""
    asked, file = given.text("key"), given.text("key_file")
    try:
        text = sys.stdin.readline() if asked == "-" else asked or (_first_line(Path(file)) if file else "")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SettingsInvalid(f"the join key cannot be read from {file}: {unreadable}") from unreadable
    if not text.strip():
        raise SettingsInvalid("give the join key: --key - and the key by stdin, --key-file, or WIRETY_JOIN_KEY")
    return text.strip()


def network_of(key: str) -> str:
    """The network of a join key, `wirety_join.<network>:<key>.<secret>`. Raises SettingsInvalid: it is none."""
    found = JOIN_KEY.fullmatch(key)
    if found is None:
        raise SettingsInvalid("this is no join key: one begins with wirety_join. and is copied whole")
    return found[1]


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8") as opened:
        return opened.readline()


def key_days(given: Given) -> float:
    days = _number(given.text("key_days"), DEFAULT_KEY_DAYS)
    if not 0 <= days <= 3650:
        raise SettingsInvalid("--key-days is a number of days, 0 for never")
    return days


def log_format(given: Given) -> LogFormat:
    asked = given.text("log_format") or ("plain" if sys.stderr.isatty() else "json")
    if asked not in {"json", "plain"}:
        raise SettingsInvalid("WIRETY_LOG_FORMAT is json or plain")
    return "json" if asked == "json" else "plain"


def log_level(given: Given) -> LogLevel:
    asked = (given.text("log_level") or "info").lower()
    for level in LOG_LEVELS:
        if asked == level:
            return level
    raise SettingsInvalid(f"WIRETY_LOG_LEVEL is {', '.join(LOG_LEVELS[:-1])} or {LOG_LEVELS[-1]}")


def nat_interfaces(given: Given) -> tuple[str, ...]:
    names = given.words("nat_interface")
    for name in names:
        if not FOREIGN_INTERFACE.fullmatch(name):
            raise SettingsInvalid(f"--nat-interface: {name!r} is no interface of the host's own")
    return tuple(sorted(set(names)))


def confirm_within_s(given: Given) -> float:
    seconds = _number(given.text("confirm_within"), CONFIRM_WITHIN_S)
    if not SHORTEST_CONFIRM_S <= seconds <= LONGEST_CONFIRM_S:
        raise SettingsInvalid(f"--confirm-within is {SHORTEST_CONFIRM_S:.0f} to {LONGEST_CONFIRM_S:.0f} seconds")
    return seconds


def metrics_port(given: Given) -> int | None:
    text = given.text("metrics_port")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SettingsInvalid("--metrics-port is a port: 1 to 65535")
    return int(text)


def metrics_address(given: Given) -> str:
    """An address of this host: others than the loopback let whoever reaches it read the metrics."""
    text = given.text("metrics_address") or LOOPBACK
    try:
        return str(ip_address(text))
    except ValueError as malformed:
        raise SettingsInvalid("--metrics-address is an address of this host, such as 127.0.0.1 or ::") from malformed


def echo_count(given: Given) -> int:
    count = _number(given.text("count"), 4.0)
    if not (count.is_integer() and 1 <= count <= MOST_ECHOES):
        raise SettingsInvalid(f"--count is 1 to {MOST_ECHOES}")
    return int(count)


def echo_timeout_s(given: Given) -> float:
    seconds = _number(given.text("timeout"), 1.0)
    if not 0 < seconds <= LONGEST_WAIT_S:
        raise SettingsInvalid(f"--timeout is up to {LONGEST_WAIT_S:.0f} seconds")
    return seconds


def _number(text: str | None, default: float) -> float:
    """-1: no number."""
    try:
        number = float(text) if text else default
    except ValueError:
        return -1.0
    return number if number == number and abs(number) != float("inf") else -1.0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
