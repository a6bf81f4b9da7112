"""Sockets through API Gateway's management API."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from http import HTTPStatus
from typing import Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.sockets.frames import frame_of
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
    """Posts up to AT_ONCE frames at the same time; botocore clients are thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._generation = settings.generation
        self._management = boto3.client(
            "apigatewaymanagementapi",
            region_name=settings.region,
            endpoint_url=settings.websocket_endpoint,
            config=Config(
                connect_timeout=2,
                read_timeout=5,
                retries={"total_max_attempts": 3},
                max_pool_connections=AT_ONCE,
                user_agent="wirety",  # botocore's own is put together anew for each post: a sixth of its time
                parameter_validation=False,
            ),
        )

    def tell(self, connection_ids: Collection[ConnectionId], notice: Notice) -> Missed:
        frame = frame_of(notice, self._generation)
        ordered = list(connection_ids)
        if len(ordered) <= 1:
            outcomes = [self._outcome(known, frame) for known in ordered]
        else:
            with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(ordered))) as pool:
                outcomes = list(pool.map(lambda known: self._outcome(known, frame), ordered))
        found = list(zip(ordered, outcomes, strict=True))
        return Missed(
            frozenset(known for known, outcome in found if outcome is Outcome.GONE),
            frozenset(known for known, outcome in found if outcome is Outcome.FAILED),
        )

    def dismiss(
        self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"], retry_in_s: int = 0
    ) -> bool:
        if self._outcome(connection_id, Bye(reason=reason, retry_in_s=retry_in_s)) is Outcome.GONE:
            return True
        try:
            self._request(lambda: self._management.delete_connection(ConnectionId=connection_id))
        except (BotoCoreError, ClientError) as error:
            logger.warning("socket_not_closed", extra={"connection_id": connection_id, "error": repr(error)})
            return False
        return True

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        data = encode(frame)
        return self._request(lambda: self._management.post_to_connection(ConnectionId=connection_id, Data=data))

    def _outcome(self, connection_id: ConnectionId, frame: object) -> Outcome:
        try:
            return Outcome.DONE if self.post(connection_id, frame) else Outcome.GONE
        except (BotoCoreError, ClientError) as error:
            logger.warning("socket_not_told", extra={"connection_id": connection_id, "error": repr(error)})
            return Outcome.FAILED

    def _request(self, request: Callable[[], object]) -> bool:
        """Make a request; answers whether the gateway knows the connection: a 410 may come without a body."""
        try:
            request()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.GONE:
                return False
            raise
        return True
