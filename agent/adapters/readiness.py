"""Whether this host could run the agent, asked before a token is spent on it."""

import os
import shutil
from pathlib import Path

from agent.adapters import examination
from agent.adapters.linux.host import CAP_NET_ADMIN, has_capability

PACKAGES = {"wg": "wireguard-tools", "ip": "iproute2", "nft": "nftables"}
JUMP = ":jmp_"  # in a token, whose record is `network:peer`


def shortcomings(state_dir: Path, token: str) -> list[str]:
    """A sentence for each thing that is missing, with what to do about it; none: the host is ready."""
    found: list[str] = []
    if not has_capability(CAP_NET_ADMIN):
        found.append("it may make no network interfaces: run this as root, or with CAP_NET_ADMIN")
    found += _wireguard()
    needed = ("wg", "ip", "nft") if JUMP in token else ("wg", "ip")
    found += [f"{tool} is not installed: install {PACKAGES[tool]}" for tool in needed if shutil.which(tool) is None]
    place = next(path for path in (state_dir.absolute(), *state_dir.absolute().parents) if path.exists())
    if not os.access(place, os.W_OK | os.X_OK) or not place.is_dir():
        found.append(f"{place} cannot be written to, where {state_dir} is to be: say another --state-dir")
    return found


def _wireguard() -> list[str]:
    kernel = examination.kernel()
    if kernel.has_wireguard:
        return []
    if not kernel.has_wireguard_go:
        return ["neither its kernel nor a program has WireGuard: install wireguard-go"]
    if kernel.tun:
        return []
    lacks = "cannot be opened" if kernel.tun is False else "is missing"
    return [f"/dev/net/tun {lacks}, which wireguard-go needs: load the module tun, or pass the device in"]
