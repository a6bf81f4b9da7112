"""Looks at the tables of others by nft, and opens or closes them to the agent's interface."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.linux.firewall import tables
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.firewall.other_tables import (
    Foreign,
    Hook,
    Place,
    closing,
    deaf,
    foreign,
    opening,
    places,
    sentence,
    shut,
)
from agent.host.prefixes import EVERYTHING, Prefix

LEGACY_TABLES = ("ip_tables_names", "ip6_tables_names")
LEGACY_REMEDY = (
    ", whose rules judge packets too and are not seen by nft: look at them with iptables-legacy-save and"
    " ip6tables-legacy-save, and move them with iptables-legacy-save | iptables-nft-restore"
)
PROC_NET = Path("/proc/thread-self/net")


@dataclass(frozen=True, slots=True)
class ForeignTables:
    """`is_managed`: whether they are opened where they forbid; else what was opened once is closed. `networks`: the
    addresses of the tunnel and its peers."""

    commands: Commands
    interface: str
    is_managed: bool = False

    def make_so(self, networks: Collection[Prefix]) -> tuple[bool, Sequence[str]]:
        """Answer whether anything was done, and a sentence for each table that still forbids.

        Raises:
            ToolFailed: nft refuses.
        """
        is_changed, sentences = False, []
        for found in self._look(networks):
            if self.is_managed and found.forbids:
                self._load(opening(found, self.interface))
                is_changed = True
                continue
            if found.has_traces and not (self.is_managed and found.is_led):
                self._load(closing(found, self.interface))
                is_changed = True
            if found.is_closed and not self.is_managed:
                sentences.append(sentence(found, self.interface))
        return is_changed, sentences

    def prospect(self, networks: Collection[Prefix]) -> Sequence[Place]:
        """Where `make_so` would add its rule.

        Raises:
            ToolFailed: nft refuses.
        """
        return [found.place for found in self._look(networks) if self.is_managed and found.forbids]

    def sentences(self, networks: Collection[Prefix]) -> Sequence[str]:
        """One for each table that forbids what this jump forwards, for `doctor`; none where all is well.

        Raises:
            ToolFailed: nft refuses.
        """
        return [sentence(found, self.interface) for found in self._look(networks) if found.forbids]

    def shut(self, port: int | None, networks: Collection[Prefix]) -> Sequence[str]:
        """A sentence for each table that lets no peer reach the UDP port of this host, and for each that lets none
        ask it for names.

        Raises:
            ToolFailed: nft refuses.
        """
        said: list[str | None] = []
        for place, listing in self._listed(EVERYTHING, "input"):
            said += [shut(place, listing, port) if port is not None else None]
            said += [deaf(place, listing, self.interface, networks)]
        return [sentence for sentence in said if sentence is not None]

    def remove(self) -> None:
        """Close whatever was opened; on a host without nftables nothing ever was.

        Raises:
            ToolFailed: nft refuses.
        """
        if tables(self.commands):
            ForeignTables(self.commands, self.interface).make_so(EVERYTHING)

    def _look(self, networks: Collection[Prefix]) -> Sequence[Foreign]:
        listed = self._listed(networks, "forward")
        return [foreign(place, listing, self.interface, networks) for place, listing in listed]

    def _listed(self, networks: Collection[Prefix], hook: Hook) -> Iterable[tuple[Place, str]]:
        has_ipv6 = any(network.version == 6 for network in networks)
        families = frozenset({"ip", "inet", "ip6"} if has_ipv6 else {"ip", "inet"})
        for place in places(self.commands.run("nft", "-j", "list", "chains"), families, hook):
            try:
                yield place, self.commands.run("nft", "-j", "-t", "list", "table", place.family, place.table)
            except ToolFailed:
                continue  # its owner has just taken it away

    def _load(self, text: str) -> None:
        self.commands.run("nft", "-j", "-f", "-", stdin=text)


def legacy(proc_net: Path = PROC_NET) -> Sequence[str]:
    """A sentence where rules of the old iptables judge too, which nft does not show."""
    found: list[str] = []
    for name in LEGACY_TABLES:
        try:
            found += (proc_net / name).read_text().split()
        except OSError:
            continue  # the kernel has no such tables, or they are not for this user to see
    if not found:
        return []
    tables = ", ".join(sorted(set(found)))
    return [f"iptables-legacy has tables here ({tables}){LEGACY_REMEDY}"]
