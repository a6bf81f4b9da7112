"""The names of the bundle in force, served on the tunnel."""

import logging
from dataclasses import dataclass, field, replace

from agent.errors import ToolFailed
from agent.host.dns_zone import Zone
from agent.host.results import ApplyResult
from agent.ports import Names

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ServedNames:
    """A tunnel stands also where its names cannot be served: its result then says why, and each look tries again."""

    names: Names
    _zone: Zone | None = field(default=None, init=False)
    _error: str | None = field(default=None, init=False)

    def serve(self, zone: Zone | None, made: ApplyResult) -> ApplyResult:
        """Serve a zone, or none; answers what came of the tunnel, with what came of the names."""
        self._zone = zone
        return self.serve_again(made)

    def serve_again(self, made: ApplyResult) -> ApplyResult:
        error = None
        try:
            self.names.apply(self._zone)
        except ToolFailed as failed:
            error = str(failed)
        if error is not None and error != self._error:
            logger.warning("names_not_served", extra={"error": error})
        self._error = error
        return replace(made, names_error=error)

    def stop(self) -> None:
        self.names.apply(None)
