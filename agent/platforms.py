"""The operating systems that the agent runs on, each by the module of its adapters; imports none of them."""

import sys

from agent.errors import PlatformUnsupported

MODULES = {"linux": "agent.adapters.platforms.linux"}  # by `sys.platform`
NAMES = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}


def module_of(system: str = sys.platform) -> str:
    """The module with this operating system's `PLATFORM`.

    Raises:
        PlatformUnsupported: the agent does not run on it.
    """
    if system not in MODULES:
        supported = ", ".join(NAMES[name] for name in MODULES)
        raise PlatformUnsupported(f"this agent does not run on {NAMES.get(system, system)}: it runs on {supported}")
    return MODULES[system]
