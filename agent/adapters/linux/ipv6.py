"""Whether this host has IPv6, and a tunnel can have it, by /proc/sys/net/ipv6."""

from pathlib import Path

SETTINGS = Path("/proc/sys/net/ipv6/conf")
LEAST_MTU = 1280  # RFC 8200, section 5: the kernel takes IPv6 off an interface with less


def is_known() -> bool:
    """Whether the kernel has it at all: it may be built or booted without."""
    return SETTINGS.exists()


def lacking(interface: str, mtu: int) -> str | None:
    """A sentence on why this interface has no IPv6, and what brings it back; None: it has it.

    Args:
        interface: one that is not there yet will have the default setting.
        mtu: the one it is to have.
    """
    if not is_known():
        return "this kernel has no IPv6, so the tunnel has IPv4 alone: boot without ipv6.disable=1 to have both"
    if mtu < LEAST_MTU:
        return f"IPv6 needs an MTU of {LEAST_MTU}, so with {mtu} the tunnel has IPv4 alone: give this peer a larger MTU"
    name = interface if (SETTINGS / interface).exists() else "default"
    if not _is_off(name):
        return None
    setting = f"net.ipv6.conf.{name}.disable_ipv6"
    return f"IPv6 is off ({setting}), so the tunnel has IPv4 alone: sysctl -w {setting}=0 to have both"


def _is_off(name: str) -> bool:
    try:
        return (SETTINGS / name / "disable_ipv6").read_text().strip() == "1"
    except OSError:
        return False  # gone at this moment: whoever needs it is told by the kernel
