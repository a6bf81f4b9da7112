"""The agent's own nftables table and the kernel's forwarding switch."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from agent.adapters.commands import Commands
from agent.errors import ToolFailed
from agent.nftables import Rules, replacing

IPV4_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
IPV6_SETTINGS = Path("/proc/sys/net/ipv6/conf")
IPV6_FORWARDING = IPV6_SETTINGS / "all" / "forwarding"


@dataclass(slots=True)
class NftFirewall:
    """Remembers the rules it loaded last and how the kernel lists them, to see drift."""

    commands: Commands
    interface: str
    _loaded: Rules | None = None
    _is_known: bool = False
    _listing: str = field(default="", repr=False)

    def would_change(self, rules: Rules | None) -> bool:
        return not (self._is_known and rules == self._loaded)

    def apply(self, rules: Rules | None) -> bool:
        """Load these rules, or none; answer whether anything was done."""
        if not self.would_change(rules):
            return False
        if rules is None:
            was_there = self.remove()
            self._loaded, self._is_known = None, True
            return was_there
        self.commands.run("nft", "-f", "-", stdin=replacing(rules))
        self._loaded, self._is_known = rules, True
        self._listing = _digest(self._list())
        return True

    def verify(self) -> None:
        """Forget what was loaded when the kernel no longer lists it as it did; learn that there is no table."""
        listing = self._list()
        if self._loaded is not None:
            self._is_known = self._is_known and _digest(listing) == self._listing
        else:
            self._is_known = listing is None

    def differs(self, rules: Rules | None) -> bool:
        """Whether the kernel's table, whoever loaded it, is not what these rules make.

        The kernel lists rules by its own words, so they are loaded into a network namespace
        that ends with the command. Needs CAP_SYS_ADMIN; without it the answer is yes.
        """
        listing = self._list()
        if rules is None or listing is None:
            return rules is not None or listing is not None
        script = f"nft -f - && nft list table inet {self.interface}"
        try:
            return self.commands.run("unshare", "--net", "sh", "-c", script, stdin=replacing(rules)) != listing
        except ToolFailed:
            return True

    def remove(self) -> bool:
        """Delete the table; answer whether there was one."""
        is_there = self._list() is not None
        if is_there:
            self.commands.run("nft", "delete", "table", "inet", self.interface)
        self._is_known = False
        return is_there

    def _list(self) -> str | None:
        try:
            return self.commands.run("nft", "list", "table", "inet", self.interface)
        except ToolFailed:
            return None


def enable_forwarding(has_ipv6: bool) -> None:
    """Let the kernel forward; writes nothing that already stands.

    Raises:
        ToolFailed: /proc/sys cannot be written.
    """
    try:
        _write(IPV4_FORWARDING, "1")
        if has_ipv6:
            _keep_router_advertisements()
            _write(IPV6_FORWARDING, "1")
    except OSError as refused:
        raise ToolFailed("forwarding cannot be enabled: /proc/sys/net is not writable") from refused


def must_forward(has_ipv6: bool) -> bool:
    """Whether the kernel does not forward yet what it has to."""
    settings = [IPV4_FORWARDING, IPV6_FORWARDING] if has_ipv6 else [IPV4_FORWARDING]
    return any(not setting.exists() or setting.read_text().strip() != "1" for setting in settings)


def _keep_router_advertisements() -> None:
    """A forwarding host ignores router advertisements unless told 2: its own IPv6 would go.

    Source: Linux Documentation/networking/ip-sysctl, accept_ra.
    """
    if IPV6_FORWARDING.read_text().strip() == "1":
        return
    for setting in IPV6_SETTINGS.glob("*/accept_ra"):
        if setting.read_text().strip() == "1":
            setting.write_text("2")


def _write(setting: Path, value: str) -> None:
    if setting.read_text().strip() != value:
        setting.write_text(value)


def _digest(listing: str | None) -> str:
    return hashlib.sha256((listing or "").encode()).hexdigest()
