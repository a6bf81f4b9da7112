"""The agent's own nftables table in the kernel."""

import contextlib
import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.adapters.files.whole_files import read, remove, write_whole
from agent.adapters.linux.tools import Commands
from agent.errors import StateUnusable, ToolFailed, ToolMissing
from agent.host.firewall.nftables import Listing, Table, listed, replacing, updating

NO_KERNEL_SUPPORT = "not supported"  # of the netlink socket, or of its nf_tables

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class NftFirewall:
    """Remembers the table it loaded last and its shape in the kernel, to see drift. `file`: where it leaves a mark of
    that for the next agent; None: nowhere."""

    commands: Commands
    interface: str
    file: Path | None = None
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
        """Take over what an earlier agent loaded, where all but elements is just what is wanted."""
        if self._loaded is None and not self._is_known and wanted is not None:
            found = self._found_like(wanted)
            if found is not None:
                self._loaded, self._is_known, self._shape = replace(wanted, sets=found.sets), True, found.shape

    def differs(self, wanted: Table | None) -> bool:
        """Whether the kernel's table, whoever loaded it, is not this one."""
        if wanted is None:
            return self._list("-t") is not None
        found = self._found_like(wanted)
        return found is None or found.sets != wanted.sets

    def _found_like(self, wanted: Table) -> Listing | None:
        """The kernel's table if it has the rules of this one, as an agent's mark says, or else a copy of it."""
        text = self._list()
        found = listed(text) if text is not None else None
        if found is None or self._has_marked(wanted, found):
            return found
        return found if self._is_like_copy(wanted, found) else None

    def _has_marked(self, wanted: Table, found: Listing) -> bool:
        try:
            return self.file is not None and read(self.file) == wanted.mark(found.shape).encode()
        except StateUnusable:
            return False

    def _leave_mark(self, wanted: Table) -> None:
        """Without it the next agent loads the table anew, which costs no packet."""
        if self.file is not None:
            with contextlib.suppress(StateUnusable):
                write_whole(self.file, wanted.mark(self._shape).encode(), is_durable=False)

    def _is_like_copy(self, wanted: Table, found: Listing) -> bool:
        """The kernel lists rules by its own words, so they are loaded into a network namespace
        that ends with the command. Needs CAP_SYS_ADMIN; without it the answer is no.
        """
        script = f"nft -f - && nft -j list table inet {self.interface}"
        try:
            made = self.commands.run("unshare", "--net", "sh", "-c", script, stdin=replacing(wanted))
        except ToolFailed:
            return False
        copy = listed(made)
        return copy is not None and found.is_like(copy)

    def remove(self) -> bool:
        """Delete the table; answer whether there was one. A host without `nft` has none.

        Raises:
            ToolFailed: it may still be there.
        """
        is_there = self._list("-t") is not None
        if is_there:
            self.commands.run("nft", "delete", "table", "inet", self.interface)
        self._loaded, self._is_known = None, False
        if self.file is not None:
            with contextlib.suppress(StateUnusable):
                remove(self.file)
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
            self._leave_mark(wanted)

    def _list(self, *options: str) -> str | None:
        """The kernel's table; None: there is none. `-t`: without the elements of sets.

        Raises:
            ToolFailed: it is there, or may be, and could not be listed.
        """
        try:
            return self.commands.run("nft", "-j", *options, "list", "table", "inet", self.interface)
        except ToolMissing:
            return None
        except ToolFailed:
            if ("inet", self.interface) in tables(self.commands):
                raise
            return None


def tables(commands: Commands) -> frozenset[tuple[str, str]]:
    """Family and name of every table; none on a host without nftables, as a tool or in its kernel.

    Raises:
        ToolFailed: nft could not look.
    """
    try:
        found = json.loads(commands.run("nft", "-j", "list", "tables"))["nftables"]
    except ToolMissing:
        return frozenset()
    except ToolFailed as failed:
        if NO_KERNEL_SUPPORT in str(failed).lower():
            return frozenset()
        raise
    return frozenset((item["table"]["family"], item["table"]["name"]) for item in found if "table" in item)
