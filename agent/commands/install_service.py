"""`install-service`: make the agent a systemd service, started at boot."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.adapters.files.state_dir import StateDir
from agent.adapters.frozen import is_frozen
from agent.adapters.linux.tools import Commands
from agent.commands.answers import EXIT_DONE, say
from agent.errors import HostUnready, RightsMissing, StateUnusable
from agent.settings import InstallSettings
from agent.settings.parser import DEFAULT_STATE_DIR

SHIPPED = Path(__file__).parents[1] / "packaging"
AGENT, SEAL = "wirety-agent.service", "wirety-agent-seal.service"
NETWORKD, NETWORKD_AS = "networkd.conf", Path("/etc/systemd/networkd.conf.d/wirety.conf")
INSTALLED_AS = "/usr/local/bin/wirety-agent"  # by the units as they are shipped
UNITS = Path("/etc/systemd/system")
SYSTEMD = Path("/run/systemd/system")  # there while systemd is the service manager: sd_booted(3)
HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"))  # by ProtectHome= of the units


class Installed(msgspec.Struct, frozen=True):
    """`steps`: what was done, or would be; `is_started`: the agent runs now."""

    executable: str
    steps: list[str]
    is_started: bool
    is_dry: bool


def run(settings: InstallSettings) -> int:
    if not SYSTEMD.is_dir():
        raise HostUnready(
            "this host is not run by systemd: have its service manager start `wirety-agent run` as root, restart it"
            " unless it exits with 3, and stop it by SIGTERM to that process alone"
        )
    if os.geteuid() != 0 and not settings.is_dry:
        raise RightsMissing("install-service needs root: it writes units")
    executable = _executable()
    files = {UNITS / name: _unit(name, executable, settings.state_dir) for name in (AGENT, SEAL)}
    files[NETWORKD_AS] = _shipped(NETWORKD)
    is_started = bool(StateDir(settings.state_dir).enrollments())
    calls = [
        ("systemctl", "daemon-reload"),
        ("systemctl", "enable", SEAL),
        ("systemctl", "enable", *(["--now"] if is_started else []), AGENT),
    ]
    steps = [f"write {path}" for path in files] + [" ".join(words) for words in calls]
    if not settings.is_dry:
        _carry_out(files, calls)
    shown = Installed(str(executable), steps, is_started and not settings.is_dry, settings.is_dry)
    say(shown, _text(shown, is_started), settings.is_json)
    return EXIT_DONE


def _executable() -> Path:
    """This very program, as the service can start it.

    Raises:
        HostUnready: it is no program of its own, or lies where the service does not see it.
    """
    called = Path(sys.executable) if is_frozen() else Path(sys.argv[0]).absolute()
    if called.name != "wirety-agent":
        named = shutil.which("wirety-agent")
        if named is None:
            raise HostUnready("wirety-agent is not installed as a program: see Install in its README")
        called = Path(named).absolute()
    place = next((one for one in HIDDEN for path in (called, called.resolve()) if path.is_relative_to(one)), None)
    if place is not None:
        raise HostUnready(f"a service does not see {called}, for it is in {place}: move it to /usr/local/bin")
    return called


def _shipped(name: str) -> str:
    try:
        return (SHIPPED / name).read_text()
    except OSError as missing:
        raise HostUnready(
            f"this wirety-agent was installed without its units: {SHIPPED / name} is missing"
        ) from missing


def _unit(name: str, executable: Path, state_dir: Path) -> str:
    made = (
        _shipped(name)
        .replace(INSTALLED_AS, str(executable))
        .replace(f" {Path(INSTALLED_AS).parent}\n", f" {executable.parent}\n")
    )
    if str(state_dir) == DEFAULT_STATE_DIR:
        return made
    place = f"Environment=WIRETY_STATE_DIR={state_dir}\nReadWritePaths={state_dir}\n"
    made = made.replace("[Service]\n", f"[Service]\n{place}")
    for setting in ("RequiresMountsFor=", "ConditionPathExistsGlob=|"):
        made = made.replace(f"{setting}{DEFAULT_STATE_DIR}", f"{setting}{state_dir}")
    return made


def _carry_out(files: dict[Path, str], calls: Sequence[tuple[str, ...]]) -> None:
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError as refused:
            raise StateUnusable(f"{path} cannot be written: {refused.strerror}") from refused
    for words in calls:
        Commands().run(*words)


def _text(shown: Installed, is_enrolled: bool) -> str:
    head = "would do, as root:" if shown.is_dry else "done:"
    after = "" if is_enrolled else "\nnot enrolled yet: wirety-agent enroll, then systemctl start wirety-agent"
    running = "\nif an older agent runs: systemctl restart wirety-agent" if shown.is_started else ""
    return "\n".join([head, *(f"  {step}" for step in shown.steps)]) + after + running
