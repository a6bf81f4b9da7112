"""Whether this machine can run a laboratory, and what it lacks."""

import os
import shutil
from pathlib import Path

from infra.lab.errors import LabFailed
from infra.lab.outer_namespaces import OuterNamespaces

PACKAGES = {
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ping": "iputils-ping",
    "sysctl": "procps",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}
TUN = Path("/dev/net/tun")


def missing_packages() -> list[str]:
    """Debian packages whose commands are not found."""
    return sorted({package for command, package in PACKAGES.items() if shutil.which(command) is None})


def install_command(packages: list[str]) -> str:
    return f"apt-get install --no-install-recommends -y -o DPkg::Lock::Timeout=300 {' '.join(packages)}"


def obstacles() -> list[str]:
    """What stands in the way, each as a sentence that says what to do; empty where nothing does."""
    if os.geteuid() != 0:
        return ["the network laboratory makes network namespaces: run it as root"]
    found = []
    if packages := missing_packages():
        found.append(f"Debian packages are missing: {install_command(packages)}")
    if not TUN.is_char_device():
        found.append(f"{TUN} is missing: load the kernel's tun module (modprobe tun)")
    if shutil.which("unshare") is not None:
        try:
            OuterNamespaces.make().close()
        except LabFailed as error:
            found.append(f"this kernel or container refuses new namespaces (CAP_SYS_ADMIN): {error}")
    return found
