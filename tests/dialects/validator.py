"""Which of the five official clients would not take a configuration file, and why."""

from collections.abc import Callable, Mapping

from tests.dialects import android, apple, wg_quick, windows
from tests.dialects.refused import Refused

DIALECTS: Mapping[str, Callable[[str, str], None]] = {
    "wg-quick": wg_quick.check,
    "windows": windows.check,
    "android": android.check,
    "macos": apple.check,
    "ios": apple.check,
}


def refusals(text: str, tunnel_name: str) -> dict[str, str]:
    """The reason of each dialect that refuses the file; empty when all five accept it.

    Args:
        tunnel_name: the name of the file without `.conf`, of which every client makes the tunnel's name.
    """
    found = {}
    for dialect, check in DIALECTS.items():
        try:
            check(text, tunnel_name)
        except Refused as reason:
            found[dialect] = str(reason)
    return found
