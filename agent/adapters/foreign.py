"""Looks at the tables of others by nft, and opens or closes them to the agent's interface."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.adapters.commands import Commands
from agent.errors import ToolFailed
from agent.firewall.foreign import Foreign, closing, foreign, opening, places, sentence


@dataclass(frozen=True, slots=True)
class ForeignTables:
    """`is_managed`: whether they are opened where they forbid; else what was opened once is closed."""

    commands: Commands
    interface: str
    is_managed: bool = False

    def make_so(self, has_ipv6: bool) -> tuple[bool, Sequence[str]]:
        """Answer whether anything was done, and a sentence for each table that still forbids.

        Raises:
            ToolFailed: nft refuses.
        """
        is_changed, sentences = False, []
        for found in self._look(has_ipv6):
            if self.is_managed and found.forbids:
                self._load(opening(found, self.interface))
                is_changed = True
                continue
            if found.has_traces and not (self.is_managed and found.is_led):
                self._load(closing(found, self.interface))
                is_changed = True
            if found.is_closed and not found.is_open_to_us and not self.is_managed:
                sentences.append(sentence(found, self.interface))
        return is_changed, sentences

    def sentences(self, has_ipv6: bool) -> Sequence[str]:
        """One for each table that forbids what this jump forwards, for `doctor`; none where all is well.

        Raises:
            ToolFailed: nft refuses.
        """
        return [sentence(found, self.interface) for found in self._look(has_ipv6) if found.forbids]

    def remove(self) -> None:
        """Close whatever was opened."""
        ForeignTables(self.commands, self.interface).make_so(has_ipv6=True)

    def _look(self, has_ipv6: bool) -> Sequence[Foreign]:
        families = frozenset({"ip", "inet", "ip6"} if has_ipv6 else {"ip", "inet"})
        chains = self.commands.run("nft", "-j", "list", "chains")
        found = []
        for place in places(chains, families):
            try:
                listing = self.commands.run("nft", "-j", "-t", "list", "table", place.family, place.table)
            except ToolFailed:
                continue  # its owner has just taken it away
            found.append(foreign(place, listing, self.interface))
        return found

    def _load(self, text: str) -> None:
        self.commands.run("nft", "-j", "-f", "-", stdin=text)
