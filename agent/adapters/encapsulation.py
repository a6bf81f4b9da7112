"""Makes a host's traffic go through the tunnel, and nothing beside it: seal first, routes last, and back again."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agent.adapters.commands import Commands
from agent.adapters.firewall import NftFirewall
from agent.errors import ToolFailed, ToolMissing
from agent.tunnel.conflicts import HostRoutes
from agent.tunnel.desired import Desired
from agent.tunnel.encapsulation import (
    ELSE_TUNNEL,
    MARK,
    OWN_FIRST,
    ROUTING_TABLE,
    SEAL_SUFFIX,
    Way,
    lines,
    seal,
    ways,
)

SEAL = re.compile(rf"wy[0-9a-f]{{8}}{SEAL_SUFFIX}")
IPV6 = Path("/proc/sys/net/ipv6")
# Else a strict rp_filter drops the answers to what carries the mark: Linux, ip-sysctl, src_valid_mark.
SRC_VALID_MARK = Path("/proc/sys/net/ipv4/conf/all/src_valid_mark")


@dataclass(slots=True)
class Encapsulation:
    """Remembers what it made last; `verify` looks again."""

    commands: Commands
    interface: str
    _seal: NftFirewall = field(init=False)
    _ways: frozenset[Way] | None = None
    _mark: int | None = None

    def __post_init__(self) -> None:
        self._seal = NftFirewall(self.commands, self.interface + SEAL_SUFFIX)

    def verify(self) -> None:
        self._seal.verify()
        self._ways = self._mark = None

    def prospect(self, wanted: Desired, host: HostRoutes) -> Literal["seal", "unseal"] | None:
        """What `close` and `divert` would do, from a look at the host."""
        if not wanted.is_full:
            return "unseal" if self._is_sealed() else None
        is_closed = not self._seal.differs(seal(self.interface, host.subnets, wanted.resolvers))
        return None if is_closed and self._look() == ways(wanted, has_ipv6=IPV6.exists()) else "seal"

    def close(self, wanted: Desired, host: HostRoutes) -> bool:
        """Seal the host before anything else is done; whether that was to be done.

        Raises:
            ToolFailed: another enrolment of this host has full encapsulation.
        """
        if not wanted.is_full:
            return False
        table = seal(self.interface, host.subnets, wanted.resolvers)
        if not self._seal.would_change(table):
            return False
        self._refuse_second()
        return self._seal.apply(table)

    def divert(self, wanted: Desired) -> bool:
        """Send the traffic into the tunnel; or out of it, and only then open the seal."""
        is_changed = self._mark_socket(MARK if wanted.is_full else 0)
        is_changed = (wanted.is_full and _write(SRC_VALID_MARK, "1")) or is_changed
        after = ways(wanted, has_ipv6=IPV6.exists())
        if self._ways is None:
            self._ways = self._look()
        if after != self._ways:
            before, self._ways = self._ways, None  # unknown until it is done
            for version in (4, 6):
                if batch := lines(before, after, version, self.interface):
                    self.commands.run("ip", f"-{version}", "-batch", "-", stdin="\n".join(batch) + "\n")
            self._ways, is_changed = after, True
        if not wanted.is_full:
            is_changed = self._seal.apply(None) or is_changed
        return is_changed

    def remove(self) -> None:
        """Open what was sealed; nothing to do is no error."""
        self._ways = self._mark = None
        if not self._is_sealed():
            return
        found = self._look()
        for version in (4, 6):
            if batch := lines(found, (), version, self.interface):
                self.commands.run("ip", f"-{version}", "-batch", "-", stdin="\n".join(batch) + "\n")
        self._seal.remove()

    def _mark_socket(self, mark: int) -> bool:
        """WireGuard's own packets; never set anew, for wireguard-go would rebind."""
        if self._mark is None:
            text = self.commands.run("wg", "show", self.interface, "fwmark").strip()
            self._mark = 0 if text == "off" else int(text, 16)
        if self._mark == mark:
            return False
        self.commands.run("wg", "set", self.interface, "fwmark", f"{mark:#x}" if mark else "off")
        self._mark = mark
        return True

    def _refuse_second(self) -> None:
        others = [name for name in self._seals() if name != self.interface + SEAL_SUFFIX]
        if others:
            other = others[0].removesuffix(SEAL_SUFFIX)
            raise ToolFailed(
                f"another enrolment of this host ({other}) has full encapsulation, and only one can: leave that"
                " network, or turn it off for that peer"
            )

    def _is_sealed(self) -> bool:
        return self.interface + SEAL_SUFFIX in self._seals()

    def _seals(self) -> list[str]:
        try:
            listed = json.loads(self.commands.run("nft", "-j", "list", "tables"))["nftables"]
        except ToolMissing:
            return []
        names = [item["table"]["name"] for item in listed if "table" in item]
        return [name for name in names if SEAL.fullmatch(name)]

    def _look(self) -> frozenset[Way]:
        """What there is of it, whoever made it; where there are no rules, there is nothing to look for."""
        found: set[Way] = set()
        for version in (4, 6) if IPV6.exists() else (4,):
            rules = json.loads(self.commands.run("ip", "-j", f"-{version}", "rule", "show"))
            here = {way for rule in rules if (way := _rule(version, rule)) is not None}
            found |= here | (self._defaults(version) if here else set())
        return frozenset(found)

    def _defaults(self, version: int) -> set[Way]:
        try:
            text = self.commands.run("ip", "-j", f"-{version}", "route", "show", "table", str(ROUTING_TABLE))
        except ToolFailed:
            return set()  # the kernel knows no table without routes
        routes = [route for route in json.loads(text) if route.get("dst") == "default"]
        return {way for route in routes if (way := self._default(version, route)) is not None}

    def _default(self, version: int, route: dict[str, Any]) -> Way | None:
        if route.get("type") == "unreachable":
            return _way(version, "nowhere")
        return _way(version, "tunnel") if route.get("dev") == self.interface else None


def _rule(version: int, rule: dict[str, Any]) -> Way | None:
    if rule.get("priority") == OWN_FIRST and rule.get("table") == "main" and rule.get("suppress_prefixlen") == 0:
        return _way(version, "own_first")
    is_else = rule.get("priority") == ELSE_TUNNEL and rule.get("table") == str(ROUTING_TABLE) and "not" in rule
    return _way(version, "else_tunnel") if is_else and int(str(rule.get("fwmark", "0")), 16) == MARK else None


def _way(version: int, piece: Any) -> Way:
    return Way(4 if version == 4 else 6, piece)


def _write(setting: Path, value: str) -> bool:
    """Whether that was to be done."""
    try:
        if setting.read_text().strip() == value:
            return False
        setting.write_text(value)
    except OSError:
        return False  # read-only: it matters to hosts with a strict rp_filter alone
    return True
