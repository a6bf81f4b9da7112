"""By which ways a Linux host reaches the control plane and its resolvers, as the kernel would choose them now."""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from agent.adapters.control_plane.proxies import proxy_of
from agent.adapters.linux.host import LinuxHost
from agent.adapters.linux.routes import resolvers
from agent.adapters.linux.tools import Commands
from agent.errors import SettingsInvalid, ToolFailed
from agent.ports import Way

# Whose packets no route can lead elsewhere; below a tunnel of others there is a way that nobody sees here.
PLAIN_KINDS = frozenset({None, "veth", "bridge", "bond", "team", "vlan", "macvlan", "ipvlan"})

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class LinuxWayOut:
    """`server`: the deployment's origin. `addresses`: host → where it was reached last."""

    commands: Commands
    server: str
    addresses: Callable[[], Mapping[str, Sequence[str]]]

    def has_default_route(self) -> bool:
        return LinuxHost().has_default_route()

    def ways(self) -> frozenset[Way] | None:
        plane = self._plane()
        named = frozenset(resolvers())
        asked = frozenset(address for address in named if not address.is_loopback)
        if not plane or (named and not asked):  # a local resolver of which nobody says whom it asks
            return None
        try:
            shown = [route for version in (4, 6) for route in self._routes(version, {*plane, *asked})]
            plain = self._plain() if any("dev" in route for route in shown) else frozenset()
        except (ToolFailed, ValueError):
            return None
        if any(route.get("type") != "local" and route.get("dev", "") not in plain for route in shown if "dev" in route):
            return None
        return frozenset(
            Way(route["dst"], route.get("dev"), route.get("gateway"), route.get("prefsrc")) for route in shown
        )

    def _plane(self) -> frozenset[IpAddress]:
        """Or the proxy before it."""
        try:
            proxy = proxy_of(self.server)
        except SettingsInvalid:
            return frozenset()
        host = proxy.host if proxy is not None else urlsplit(self.server).hostname or ""
        with contextlib.suppress(ValueError):
            return frozenset({ip_address(host)})
        return frozenset(ip_address(known) for known in self.addresses().get(host, ()))

    def _routes(self, version: int, addresses: Iterable[IpAddress]) -> list[dict[str, Any]]:
        asked = sorted(str(address) for address in addresses if address.version == version)
        if not asked:
            return []
        with contextlib.suppress(ToolFailed):
            return self._got(version, asked)
        found: list[dict[str, Any]] = []
        for address in asked:
            try:
                found += self._got(version, [address])
            except ToolFailed:
                found.append({"dst": address})  # no way at all
        return found

    def _got(self, version: int, addresses: Iterable[str]) -> list[dict[str, Any]]:
        lines = "".join(f"route get {address}\n" for address in addresses)
        text = self.commands.run("ip", "-j", f"-{version}", "-batch", "-", stdin=lines)
        decoder, found, at = json.JSONDecoder(), [], 0
        while (at := len(text) - len(text[at:].lstrip())) < len(text):
            some, at = decoder.raw_decode(text, at)
            found += some
        return found

    def _plain(self) -> frozenset[str]:
        links = json.loads(self.commands.run("ip", "-j", "-details", "link", "show"))
        return frozenset(
            link["ifname"]
            for link in links
            if link.get("link_type") == "ether" and link.get("linkinfo", {}).get("info_kind") in PLAIN_KINDS
        )
