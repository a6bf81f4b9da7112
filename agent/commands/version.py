"""`version`: the agent, and what it stands on."""

import platform

import msgspec

from agent import __version__
from agent.adapters import examination
from agent.adapters.linux.tools import Commands
from agent.commands.answers import EXIT_DONE, say
from agent.errors import ToolFailed
from agent.settings import VersionSettings


class Versions(msgspec.Struct, frozen=True):
    """Tools as they say it themselves, null: not installed. `has_kernel_wireguard`: else wireguard-go is used."""

    version: str
    python: str
    kernel: str
    has_kernel_wireguard: bool
    wg: str | None
    wireguard_go: str | None
    ip: str | None
    nft: str | None


def run(settings: VersionSettings) -> int:
    shown = versions()
    say(shown, text(shown), settings.is_json)
    return EXIT_DONE


def versions() -> Versions:
    return Versions(
        version=__version__,
        python=platform.python_version(),
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        has_kernel_wireguard=examination.kernel().has_wireguard,
        wg=examination.version("wg"),
        wireguard_go=_wireguard_go(),
        ip=examination.version("ip"),
        nft=examination.version("nft"),
    )


def text(shown: Versions) -> str:
    rows = [
        ("wirety-agent", shown.version),
        ("python", shown.python),
        ("kernel", f"{shown.kernel}, {'with' if shown.has_kernel_wireguard else 'without'} WireGuard"),
        ("wg", shown.wg or "not installed"),
        ("wireguard-go", shown.wireguard_go or "not installed"),
        ("ip", shown.ip or "not installed"),
        ("nft", shown.nft or "not installed"),
    ]
    return "\n".join(f"{name:<13} {value}" for name, value in rows)


def _wireguard_go() -> str | None:
    try:
        return Commands().run("wireguard-go", "--version").strip().splitlines()[0]
    except (ToolFailed, IndexError):
        return None
