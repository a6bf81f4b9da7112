"""Looks at the tables of others by nft, and opens or closes them to the agent's interface."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.adapters.commands import Commands
from agent.adapters.firewall import tables
from agent.errors import ToolFailed
from agent.firewall.foreign import Foreign, Hook, Place, closing, foreign, opening, places, sentence, shut


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

    def prospect(self, has_ipv6: bool) -> Sequence[Place]:
        """Where `make_so` would add its rule.

        Raises:
            ToolFailed: nft refuses.
        """
        return [found.place for found in self._look(has_ipv6) if self.is_managed and found.forbids]

    def sentences(self, has_ipv6: bool) -> Sequence[str]:
        """One for each table that forbids what this jump forwards, for `doctor`; none where all is well.

        Raises:
            ToolFailed: nft refuses.
        """
        return [sentence(found, self.interface) for found in self._look(has_ipv6) if found.forbids]

    def shut(self, port: int, has_ipv6: bool) -> Sequence[str]:
        """A sentence for each table that lets no peer reach a UDP port of this host.

        Raises:
            ToolFailed: nft refuses.
        """
        judged = (shut(place, listing, port) for place, listing in self._listed(has_ipv6, "input"))
        return [said for said in judged if said is not None]

    def remove(self) -> None:
        """Close whatever was opened; on a host without nftables nothing ever was.

        Raises:
            ToolFailed: nft refuses.
        """
        if tables(self.commands):
            ForeignTables(self.commands, self.interface).make_so(has_ipv6=True)

    def _look(self, has_ipv6: bool) -> Sequence[Foreign]:
        return [foreign(place, listing, self.interface) for place, listing in self._listed(has_ipv6, "forward")]

    def _listed(self, has_ipv6: bool, hook: Hook) -> Iterable[tuple[Place, str]]:
        families = frozenset({"ip", "inet", "ip6"} if has_ipv6 else {"ip", "inet"})
        for place in places(self.commands.run("nft", "-j", "list", "chains"), families, hook):
            try:
                yield place, self.commands.run("nft", "-j", "-t", "list", "table", place.family, place.table)
            except ToolFailed:
                continue  # its owner has just taken it away

    def _load(self, text: str) -> None:
        self.commands.run("nft", "-j", "-f", "-", stdin=text)
