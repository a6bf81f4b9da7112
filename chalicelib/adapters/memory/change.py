"""The change log, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.change.change import Change
from chalicelib.domain.ids import NetworkId, Revision


class MemoryChanges:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def between(self, network_id: NetworkId, after: Revision, up_to: Revision | None = None) -> list[Change]:
        own = self._own(network_id)
        found = [change for change in own if after < change.revision and (up_to is None or change.revision <= up_to)]
        return self._tables.adversary.log(found)

    def page(self, network_id: NetworkId, before: Revision | None, limit: int) -> list[Change]:
        own = [change for change in self._own(network_id) if before is None or change.revision < before]
        return own[::-1][:limit]

    def _own(self, network_id: NetworkId) -> list[Change]:
        own = [change for (network, _), change in list(self._tables.changes.items()) if network == network_id]
        return sorted(own, key=lambda change: change.revision)
