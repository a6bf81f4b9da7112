"""What one command was given: its flags first, then the environment's `WIRETY_…`, then names of an earlier release."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.errors import SettingsInvalid

PREFIX = "WIRETY_"
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})
# Where the variable is not called as its flag.
NAMES = {
    "server": "SERVER_URL",
    "network": "NETWORK_ID",
    "nat_interface": "NAT_INTERFACES",
    "key": "JOIN_KEY",
    "key_file": "JOIN_KEY_FILE",
}
# Without the prefix until 0.1; to be forgotten with the release after the next.
FORMER = frozenset(
    {
        "CONFIRM_WITHIN",
        "KEY_DAYS",
        "LOG_FORMAT",
        "MANAGE_FORWARD",
        "METRICS_PORT",
        "NAT_INTERFACES",
        "NETWORK_ID",
        "PASSPHRASE_FILE",
        "SERVER_URL",
        "STATE_DIR",
        "TOKEN",
    }
)
# Such words stand in environments for other reasons, and must not force or weaken anything here.
DROPPED = frozenset({"FETCH", "FORCE", "INSECURE", "JSON", "LOCAL", "ONCE", "VOID_FILES"})
TOKEN_PREFIX = "wirety_enroll."  # any other TOKEN of an environment is somebody else's secret  # noqa: S105


def variable(flag: str) -> str:
    """The environment variable of a flag, by its name in argparse's namespace."""
    return PREFIX + NAMES.get(flag, flag.upper())


def is_yes(name: str, text: str) -> bool:
    """Raises SettingsInvalid: neither yes nor no."""
    word = text.strip().lower()
    if word not in YES | NO:
        raise SettingsInvalid(f"{name} is 1 or 0")
    return word in YES


def former(environment: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Variables of an environment that are called as in an earlier release, with their present names. `TOKEN` alone may
    be anything."""
    old = sorted(name for name in environment if name in FORMER | DROPPED and name != "TOKEN")
    return [(name, PREFIX + name) for name in old if PREFIX + name not in environment]


@dataclass(frozen=True, slots=True)
class Given:
    """`warn` is called with a sentence for each old name that the environment holds."""

    flags: argparse.Namespace
    environment: Mapping[str, str]
    warn: Callable[[str], None]

    def text(self, flag: str) -> str | None:
        """None: not given, or empty."""
        name = variable(flag)
        return getattr(self.flags, flag, None) or self.environment.get(name) or self._former(name)

    def words(self, flag: str) -> Sequence[str]:
        """Of a flag that may stand several times; a variable has its words apart by commas or spaces."""
        return getattr(self.flags, flag, None) or (self.text(flag) or "").replace(",", " ").split()

    def is_asked(self, flag: str) -> bool:
        name = variable(flag)
        if getattr(self.flags, flag, False):
            return True
        text = self.environment.get(name) or self._former(name) or ""
        return is_yes(name, text)

    def _former(self, name: str) -> str | None:
        former = name.removeprefix(PREFIX)
        text = self.environment.get(former)
        if not text or name in self.environment:
            return None
        if former in DROPPED:
            if text.strip().lower() in YES:
                self.warn(f"{former} is not read any more: say {name}")
            return None
        if former not in FORMER or (former == "TOKEN" and not text.startswith(TOKEN_PREFIX)):
            return None
        self.warn(f"{former} is called {name} now; the old name is read for one release more")
        return text
