"""One module an operating system: its adapters put together as a `Platform`, and imported only where it is this one."""

import importlib
import sys

from agent import platforms
from agent.platform_port import Platform


def platform(system: str = sys.platform) -> Platform:
    """This operating system's adapters.

    Raises:
        PlatformUnsupported: the agent does not run on it.
    """
    found: Platform = importlib.import_module(platforms.module_of(system)).PLATFORM
    return found
