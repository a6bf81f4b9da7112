"""What services of the host do to full encapsulation, for `doctor`."""

import configparser
from pathlib import Path

from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed

SEAL_UNIT = "wirety-agent-seal.service"
NETWORKD = "systemd-networkd.service"
TAKES = ("ManageForeignRoutingPolicyRules", "ManageForeignRoutes")
PLACES = ("usr/lib", "usr/local/lib", "run", "etc")  # the later wins, file by file: systemd-system.conf(5)
YES = frozenset({"1", "yes", "y", "true", "t", "on"})


def seal_unit_state(commands: Commands) -> str | None:
    """`enabled`, `disabled`, …; None: there is no systemd, or no such unit (`not-found` where systemd is newer)."""
    return _said(commands, "is-enabled", SEAL_UNIT)


def what_networkd_takes(commands: Commands, root: Path = Path("/")) -> tuple[str, ...]:
    """The settings by which a running systemd-networkd takes away rules and routes it did not make; none: it leaves
    them, or does not run. `networkd.conf` in the packaging turns them off."""
    if _said(commands, "is-active", NETWORKD) != "active":
        return ()
    settings = dict.fromkeys(TAKES, "yes")
    for file in _files(root):
        settings |= _assigned(file)
    return tuple(name for name in TAKES if settings[name].lower() in YES)


def _said(commands: Commands, verb: str, unit: str) -> str | None:
    """What `systemctl` prints, also where its exit status says no."""
    try:
        return (
            commands.run("sh", "-c", f"command -v systemctl >/dev/null && systemctl {verb} {unit}; true").strip()
            or None
        )
    except ToolFailed:
        return None


def _files(root: Path) -> list[Path]:
    mains = [root / place / "systemd/networkd.conf" for place in PLACES]
    found = {file.name: file for place in PLACES for file in (root / place / "systemd/networkd.conf.d").glob("*.conf")}
    main = [file for file in mains if file.exists()][-1:]
    return [*main, *(found[name] for name in sorted(found))]


def _assigned(file: Path) -> dict[str, str]:
    """The settings that a file assigns; none where it cannot be read."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True, comment_prefixes="#;")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read(file)
    except (configparser.Error, UnicodeDecodeError):
        return {}
    network = parser["Network"] if parser.has_section("Network") else {}
    return {name: value for name in TAKES if (value := network.get(name))}
