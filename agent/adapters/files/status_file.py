"""Writes what the running agent knows into its status file, when it changed."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import msgspec

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.core.state import State
from agent.core.status import Status, of_state
from agent.errors import StateUnusable
from chalicelib.wire.codec import encode

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class StatusFile:
    """`blank`: what holds for the whole run. The last contact is that of an earlier run until there is one."""

    directory: EnrollmentDir
    blank: Status
    _shown: Status | None = None
    _contact_at_s: float | None = None
    _contact: datetime | None = None
    _is_refused: bool = False

    def __post_init__(self) -> None:
        try:
            last = msgspec.json.decode(self.directory.status() or b"", type=Status)
        except msgspec.DecodeError:
            return  # the first run, or a damaged file
        if last.peer_id == self.blank.peer_id:
            self._contact = last.last_contact

    @property
    def shown(self) -> Status:
        return self._shown or self.blank

    def show(self, state: State) -> None:
        """Write the status if it changed. A disk that refuses is logged once, and does not stop the agent."""
        status = of_state(self.blank, state, self._last_contact(state))
        if status == self._shown:
            return
        self._shown = status
        try:
            self.directory.save_status(encode(status))
        except StateUnusable as refused:
            if not self._is_refused:
                logger.warning("status_not_written", extra={"error": str(refused)})
            self._is_refused = True
        else:
            self._is_refused = False

    def _last_contact(self, state: State) -> datetime | None:
        at_s = state.link.contact_at_s
        if at_s is not None and at_s != self._contact_at_s:
            self._contact_at_s = at_s
            self._contact = (datetime.now(UTC) - timedelta(seconds=monotonic() - at_s)).replace(microsecond=0)
        return self._contact
