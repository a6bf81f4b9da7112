"""Keeps the tables of other firewalls open to the tunnel, and remembers what of them still stands in its way."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.adapters.linux.other_tables import ForeignTables, legacy
from agent.adapters.linux.passage import Passage
from agent.errors import ToolFailed
from agent.host.firewall.other_tables import Place
from agent.host.results import ApplyResult

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class OtherFirewalls:
    """`tables` None: this tunnel looks at none. Each sentence is logged once, until it changes."""

    tables: ForeignTables | None = None
    _forbidden: tuple[str, ...] = ()
    _shut: tuple[str, ...] = ()

    def admit(self, passage: Passage) -> bool:
        """Have them let the tunnel pass as the passage needs, where it is open; whether anything was changed.

        An owner may change its table at the same moment and so make `nft` fail: the next look does it then.
        """
        if self.tables is None or not passage.is_open:
            return False
        port = passage.wanted.listen_port
        try:
            is_changed, forbidden = self.tables.make_so(passage.networks)
            shut = (*(self.tables.shut(port, passage.networks) if passage.wanted.is_forwarding else ()), *legacy())
        except ToolFailed as failed:
            logger.info("foreign_tables_not_managed", extra={"error": str(failed)})
            return False
        self._tell(tuple(forbidden), shut)
        return is_changed

    def planned(self, passage: Passage) -> Sequence[Place]:
        """The chains to which `admit` would add a rule.

        Raises:
            ToolFailed: nft refuses.
        """
        return self.tables.prospect(passage.networks) if self.tables is not None and passage.is_open else ()

    def hindered(self, made: ApplyResult, passage: Passage) -> ApplyResult:
        """The result with the reasons why what should be forwarded is not, or why peers do not reach this host."""
        if (hindrance := passage.hindrance) is not None:
            return replace(made, forbidden=(hindrance,))
        return replace(made, forbidden=self._forbidden, shut=self._shut) if passage.is_open else made

    def withdraw(self) -> None:
        """Take away every rule that was added.

        Raises:
            ToolFailed: nft refuses.
        """
        if self.tables is not None:
            self.tables.remove()

    def _tell(self, forbidden: tuple[str, ...], shut: tuple[str, ...]) -> None:
        if forbidden != self._forbidden:
            self._forbidden = forbidden
            logger.warning("forwarding_forbidden", extra={"tables": list(forbidden)})
        if shut != self._shut:
            self._shut = shut
            logger.warning("peers_shut_out", extra={"tables": list(shut)})
