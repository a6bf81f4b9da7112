"""Makes a host's traffic go through the tunnel, and nothing beside it: seal first, routes last, and back again."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Literal

from agent.adapters.linux.firewall import NftFirewall, tables
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.seals import SEAL, ReadySeal
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.firewall.nftables import Table
from agent.host.tunnel.full_tunnel import (
    ELSE_TUNNEL,
    MARK,
    NOWHERE_METRIC,
    OWN_FIRST,
    PROTOCOL,
    ROUTING_TABLE,
    SEAL_SUFFIX,
    TUNNEL_METRIC,
    PolicyRoute,
    lines,
    rule,
    seal,
    ways,
)
from agent.host.tunnel.local_network import NO_LOCAL_NETWORK, local_network
from agent.host.tunnel.route_conflicts import HostRoutes
from agent.host.tunnel.wanted import WantedTunnel

IPV6 = Path("/proc/sys/net/ipv6")
# Else a strict rp_filter drops the answers to what carries the mark: Linux, ip-sysctl, src_valid_mark.
SRC_VALID_MARK = "ipv4/conf/all/src_valid_mark"


@dataclass(slots=True)
class Encapsulation:
    """Remembers what it made last; `verify` looks again.

    `ready`: the seal on the disk, for the next boot; None: none is kept. `allows_lan` False: the local network
    is refused like any other. `control_plane`: its addresses, which are never local.
    """

    commands: Commands
    interface: str
    settings: KernelSettings | None = None
    ready: ReadySeal | None = None
    allows_lan: bool = True
    control_plane: Callable[[], Collection[IPv4Address | IPv6Address]] = tuple
    _seal: NftFirewall = field(init=False)
    _ways: frozenset[PolicyRoute] | None = None
    _mark: int | None = None

    def __post_init__(self) -> None:
        self._seal = NftFirewall(self.commands, self.interface + SEAL_SUFFIX)

    def verify(self) -> None:
        self._seal.verify()
        self._ways = self._mark = None
        if self.ready is not None:
            self.ready.verify()

    def prospect(
        self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]
    ) -> Literal["seal", "unseal"] | None:
        """What `close` and `divert` would do, from a look at the host."""
        if not wanted.is_full:
            return "unseal" if self._is_sealed() else None
        is_closed = not self._seal.differs(self._wanted(wanted, host, learned))
        return None if is_closed and self._look() == ways(wanted, has_ipv6=IPV6.exists()) else "seal"

    def close(self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]) -> bool:
        """Seal the next boot and then the host, before anything else is done; whether that was to be done.

        Args:
            learned: public key → where a peer was last seen.

        Raises:
            ToolFailed: another enrolment of this host has full encapsulation.
        """
        if not wanted.is_full:
            return False
        table = self._wanted(wanted, host, learned)
        is_due = self._seal.would_change(table)
        if is_due:
            self._refuse_second()
        if self.ready is not None:
            self.ready.keep(table)
        return is_due and self._seal.apply(table)

    def mark(self, wanted: WantedTunnel) -> bool:
        """Mark WireGuard's packets, before the first of them is sent: the seal lets only marked ones out.

        Returns:
            Whether that was to be done.
        """
        return wanted.is_full and self._mark_socket(MARK)

    def divert(self, wanted: WantedTunnel) -> bool:
        """Route the traffic into the tunnel, or out of it and then open the seal; whether anything was changed."""
        if wanted.is_full:
            is_changed = self._trust_the_mark()
            return self._route(ways(wanted, has_ipv6=IPV6.exists())) or is_changed
        is_changed = self._open()
        self._kernel.give_back(lambda name: name == SRC_VALID_MARK)
        return self._mark_socket(0) or is_changed

    def remove(self) -> None:
        """Open the seal, also where others have deleted a part of it; a host that is not sealed is no error."""
        self._ways = self._mark = None
        self._open()

    def _wanted(self, wanted: WantedTunnel, host: HostRoutes, learned: Mapping[str, str]) -> Table:
        local = NO_LOCAL_NETWORK
        if self.allows_lan:
            local = local_network(host.subnets, wanted, self.control_plane(), learned)
        return seal(self.interface, local, wanted.resolvers)

    def _route(self, after: frozenset[PolicyRoute]) -> bool:
        if self._ways is None:
            self._ways = self._look()
        if after == self._ways:
            return False
        before, self._ways = self._ways, None  # unknown until it is done
        if before is None:
            self._clear()
        for version in (4, 6):
            if batch := lines(before or (), after, version, self.interface):
                self._run_ip(version, batch)
        self._ways = after
        return True

    def _open(self) -> bool:
        """Delete rules and routes first, and the seal of the next boot last; whether anything was deleted.

        Rules and routes of another enrolment are left alone.
        """
        is_changed = False
        if self._ways is None:
            self._ways = self._look()
        if self._ways != frozenset() and self._is_own():
            self._ways = None
            self._clear()
            is_changed = True
        self._ways = frozenset()
        is_changed = self._seal.apply(None) or is_changed
        if self.ready is not None:
            self.ready.forget()
        return is_changed

    def _is_own(self) -> bool:
        """Whether rules and routes are this enrolment's, as its seal tells: they do not say whose they are."""
        is_kept = self.ready is not None and self.ready.is_kept()
        return is_kept or self._is_sealed() or not self._others()

    def _trust_the_mark(self) -> bool:
        """Have the reverse path filter go by the mark; whether that was to be done.

        A setting that cannot be written matters only to hosts with a strict rp_filter.
        """
        if self._kernel.is_made(SRC_VALID_MARK, "1"):
            return False
        try:
            self._kernel.make(SRC_VALID_MARK, "1")
        except ToolFailed:
            return False
        return True

    @property
    def _kernel(self) -> KernelSettings:
        return self.settings if self.settings is not None else KernelSettings(self.interface)

    def _mark_socket(self, mark: int) -> bool:
        """Mark WireGuard's own packets; whether that was to be done.

        A mark that stands is not set again, for wireguard-go would bind its socket anew.
        """
        if self._mark is None:
            text = self.commands.run("wg", "show", self.interface, "fwmark").strip()
            self._mark = 0 if text == "off" else int(text, 16)
        if self._mark == mark:
            return False
        self.commands.run("wg", "set", self.interface, "fwmark", f"{mark:#x}" if mark else "off")
        self._mark = mark
        return True

    def _refuse_second(self) -> None:
        if others := self._others():
            raise ToolFailed(
                f"another enrolment of this host ({others[0].removesuffix(SEAL_SUFFIX)}) has full encapsulation, and"
                " only one can: leave that network, or turn it off for that peer"
            )

    def _others(self) -> list[str]:
        """The seals of other enrolments, in the kernel or on the disk."""
        ready = self.ready.others() if self.ready is not None else []
        return sorted({*self._seals(), *ready} - {self.interface + SEAL_SUFFIX})

    def _is_sealed(self) -> bool:
        return self.interface + SEAL_SUFFIX in self._seals()

    def _seals(self) -> list[str]:
        return [name for _, name in sorted(tables(self.commands)) if SEAL.fullmatch(name)]

    def _look(self) -> frozenset[PolicyRoute] | None:
        """The rules and routes of full encapsulation on this host, whoever made them.

        None: some are not as this agent makes them; an earlier one may have made them.
        """
        found: set[PolicyRoute | None] = set()
        for version in _versions():
            found.update(way if is_own else None for way, is_own in self._rules(version))
            found.update(self._way(version, shown) for shown in self._routes(version))
        return None if None in found else frozenset(way for way in found if way is not None)

    def _clear(self) -> None:
        """Delete all rules and routes of full encapsulation, whoever made them, duplicates too."""
        for version in _versions():
            batch = [f"rule delete {rule(way)}" for way, _ in self._rules(version)]
            batch += [f"route flush table {ROUTING_TABLE}"] if self._routes(version) else []
            if batch:
                self._run_ip(version, batch)

    def _rules(self, version: Literal[4, 6]) -> list[tuple[PolicyRoute, bool]]:
        """The rules, and of each whether its protocol is `kernel`, as the agent has it set."""
        shown = json.loads(self.commands.run("ip", "-j", "-d", f"-{version}", "rule", "show"))
        pieces = ((_piece(rule), rule.get("protocol") == PROTOCOL) for rule in shown)
        return [(PolicyRoute(version, piece), is_own) for piece, is_own in pieces if piece is not None]

    def _routes(self, version: Literal[4, 6]) -> list[dict[str, Any]]:
        try:
            text = self.commands.run("ip", "-j", f"-{version}", "route", "show", "table", str(ROUTING_TABLE))
        except ToolFailed:
            return []  # the kernel knows no table without routes
        shown: list[dict[str, Any]] = json.loads(text or "[]")
        return shown

    def _way(self, version: Literal[4, 6], route: dict[str, Any]) -> PolicyRoute | None:
        made = (route.get("dst"), route.get("protocol"), route.get("metric"))
        if route.get("type") == "unreachable":
            return PolicyRoute(version, "nowhere") if made == ("default", PROTOCOL, NOWHERE_METRIC) else None
        is_own = route.get("dev") == self.interface and made == ("default", PROTOCOL, TUNNEL_METRIC)
        return PolicyRoute(version, "tunnel") if is_own else None

    def _run_ip(self, version: int, batch: list[str]) -> None:
        self.commands.run("ip", f"-{version}", "-batch", "-", stdin="\n".join(batch) + "\n")


def _versions() -> tuple[Literal[4, 6], ...]:
    return (4, 6) if IPV6.exists() else (4,)


def _piece(rule: dict[str, Any]) -> Literal["own_first", "else_tunnel"] | None:
    if rule.get("priority") == OWN_FIRST and rule.get("table") == "main" and rule.get("suppress_prefixlen") == 0:
        return "own_first"
    is_else = rule.get("priority") == ELSE_TUNNEL and rule.get("table") == str(ROUTING_TABLE) and "not" in rule
    return "else_tunnel" if is_else and int(str(rule.get("fwmark", "0")), 16) == MARK else None
