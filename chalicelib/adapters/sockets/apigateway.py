"""Sockets through API Gateway's management API."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import Literal

from urllib3.exceptions import HTTPError

from chalicelib.adapters.sockets.frames import frame_of
from chalicelib.adapters.sockets.management import GatewayRefused, ManagementApi
from chalicelib.domain.change.notices import Notice
from chalicelib.domain.ids import ConnectionId
from chalicelib.observability import logger
from chalicelib.ports.sockets import Missed
from chalicelib.settings import Settings
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Bye

AT_ONCE = 8  # posts; a function of 512 MB has a third of a processor, for which more threads would only wait


class Outcome(Enum):
    """Of a post. GONE: the gateway does not know the connection; FAILED: too busy, ill, or no answer in time."""

    DONE = auto()
    GONE = auto()
    FAILED = auto()


class ApiGatewaySockets:
    """Posts up to AT_ONCE frames at the same time."""

    def __init__(self, settings: Settings) -> None:
        self._generation = settings.generation
        self._management = ManagementApi(settings, AT_ONCE)

    def tell(self, connection_ids: Collection[ConnectionId], notice: Notice) -> Missed:
        data = encode(frame_of(notice, self._generation))
        ordered = list(connection_ids)
        if len(ordered) <= 1:
            outcomes = [self._outcome(known, data) for known in ordered]
        else:
            with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(ordered))) as pool:
                outcomes = list(pool.map(lambda known: self._outcome(known, data), ordered))
        found = list(zip(ordered, outcomes, strict=True))
        return Missed(
            frozenset(known for known, outcome in found if outcome is Outcome.GONE),
            frozenset(known for known, outcome in found if outcome is Outcome.FAILED),
        )

    def dismiss(
        self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"], retry_in_s: int = 0
    ) -> bool:
        if self._outcome(connection_id, encode(Bye(reason=reason, retry_in_s=retry_in_s))) is Outcome.GONE:
            return True
        try:
            self._management.delete(connection_id)
        except (GatewayRefused, HTTPError) as error:
            logger.warning("socket_not_closed", extra={"connection_id": connection_id, "error": repr(error)})
            return False
        return True

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        return self._management.post(connection_id, encode(frame))

    def _outcome(self, connection_id: ConnectionId, data: bytes) -> Outcome:
        try:
            return Outcome.DONE if self._management.post(connection_id, data) else Outcome.GONE
        except (GatewayRefused, HTTPError) as error:
            logger.warning("socket_not_told", extra={"connection_id": connection_id, "error": repr(error)})
            return Outcome.FAILED
