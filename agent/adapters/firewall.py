"""The agent's own nftables table and the kernel's forwarding switch."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.adapters.commands import Commands
from agent.errors import ToolFailed
from agent.firewall.nftables import Listing, Table, listed, replacing, updating

IPV4_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
IPV6_SETTINGS = Path("/proc/sys/net/ipv6/conf")
IPV6_FORWARDING = IPV6_SETTINGS / "all" / "forwarding"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class NftFirewall:
    """Remembers the table it loaded last and its shape in the kernel, to see drift."""

    commands: Commands
    interface: str
    _loaded: Table | None = field(default=None, repr=False)
    _is_known: bool = False
    _shape: str = field(default="", repr=False)

    def would_change(self, wanted: Table | None) -> bool:
        return not (self._is_known and wanted == self._loaded)

    def apply(self, wanted: Table | None) -> bool:
        """Load this table, or none, in one transaction; answer whether anything was done."""
        if not self.would_change(wanted):
            return False
        if wanted is None:
            was_there = self.remove()
            self._loaded, self._is_known = None, True
            return was_there
        if not self._update(wanted):
            self._replace(wanted)
        return True

    def verify(self) -> None:
        """Look at the kernel: what was done to elements is healed by elements, all else anew."""
        if self._loaded is None:
            self._is_known = self._list("-t") is None
            return
        found = listed(text) if (text := self._list()) is not None else None
        if found is None or found.shape != self._shape:
            self._is_known = False
        elif found.sets != self._loaded.sets:
            self._loaded = replace(self._loaded, sets=found.sets)

    def adopt(self, wanted: Table | None) -> None:
        """Take over what an earlier agent loaded, where it is just what is wanted: then nothing is done."""
        if self._loaded is None and not self._is_known and wanted is not None:
            found = self._found_like(wanted)
            if found is not None:
                self._loaded, self._is_known, self._shape = wanted, True, found.shape

    def differs(self, wanted: Table | None) -> bool:
        """Whether the kernel's table, whoever loaded it, is not this one."""
        if wanted is None:
            return self._list("-t") is not None
        return self._found_like(wanted) is None

    def _found_like(self, wanted: Table) -> Listing | None:
        """The kernel's table if it is this one.

        The kernel lists rules by its own words, so they are loaded into a network namespace
        that ends with the command. Needs CAP_SYS_ADMIN; without it the answer is None.
        """
        text = self._list()
        if text is None:
            return None
        script = f"nft -f - && nft -j list table inet {self.interface}"
        try:
            made = self.commands.run("unshare", "--net", "sh", "-c", script, stdin=replacing(wanted))
        except ToolFailed:
            return None
        found, copy = listed(text), listed(made)
        return found if found is not None and copy is not None and found.is_like(copy) else None

    def remove(self) -> bool:
        """Delete the table; answer whether there was one."""
        is_there = self._list("-t") is not None
        if is_there:
            self.commands.run("nft", "delete", "table", "inet", self.interface)
        self._loaded, self._is_known = None, False
        return is_there

    def _update(self, wanted: Table) -> bool:
        """By its elements alone, where that is enough."""
        if self._loaded is None or not self._is_known or not wanted.has_shape_of(self._loaded):
            return False
        try:
            self.commands.run("nft", "-f", "-", stdin=updating(self._loaded, wanted))
        except ToolFailed as failed:  # somebody else was there
            logger.info("table_differs", extra={"interface": self.interface, "error": str(failed)})
            return False
        self._loaded = wanted
        return True

    def _replace(self, wanted: Table) -> None:
        self._is_known = False
        self.commands.run("nft", "-f", "-", stdin=replacing(wanted))
        found = listed(text) if (text := self._list("-t")) is not None else None
        if found is not None:
            self._loaded, self._is_known, self._shape = wanted, True, found.shape

    def _list(self, *options: str) -> str | None:
        """`-t`: without the elements of sets."""
        try:
            return self.commands.run("nft", "-j", *options, "list", "table", "inet", self.interface)
        except ToolFailed:
            return None


def enable_forwarding(has_ipv6: bool) -> None:
    """Let the kernel forward; writes nothing that already stands.

    Raises:
        ToolFailed: /proc/sys cannot be written.
    """
    try:
        _write(IPV4_FORWARDING, "1")
        if has_ipv6 and IPV6_FORWARDING.exists():
            _keep_router_advertisements()
            _write(IPV6_FORWARDING, "1")
    except OSError as refused:
        raise ToolFailed(f"forwarding cannot be enabled: {refused.filename}: {refused.strerror}") from refused


def must_forward(has_ipv6: bool) -> bool:
    """Whether the kernel does not forward yet what it has to; one without IPv6 forwards none of it."""
    settings = [IPV4_FORWARDING, *([IPV6_FORWARDING] if has_ipv6 and IPV6_FORWARDING.exists() else [])]
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
