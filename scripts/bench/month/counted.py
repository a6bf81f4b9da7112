"""A deployment whose every request to AWS is counted."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from chalicelib.adapters.dynamodb.facts import DynamoFacts
from chalicelib.adapters.dynamodb.peer import PeerItem
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.adapters.memory.queues import MemoryFailoverQueue
from chalicelib.adapters.memory.sockets import MemoryGateway
from chalicelib.domain.ids import ConnectionId
from chalicelib.domain.peer.presence import Fact
from chalicelib.ports.queues import FailoverQueue, LookTask
from chalicelib.ports.sockets import Gateway
from chalicelib.settings import Settings
from scripts.bench.stores import StoresAlone
from scripts.cost_estimate import Use


@dataclass
class Tally:
    """What was asked of AWS so far."""

    use: Use = field(default_factory=Use)

    def add(self, **counts: int) -> None:
        self.use = replace(self.use, **{name: getattr(self.use, name) + count for name, count in counts.items()})

    def sent(self, model: Any, request_dict: dict[str, Any], **_: object) -> None:
        """Units of a request to DynamoDB, of items of up to 1 KB."""
        asked = json.loads(request_dict["body"])
        match model.name:
            case "GetItem" | "Query":
                self.add(reads=1)
            case "BatchGetItem":
                self.add(reads=sum(len(table["Keys"]) for table in asked["RequestItems"].values()))
            case "PutItem" | "UpdateItem" | "DeleteItem":
                self.add(writes=1)
            case "BatchWriteItem":
                self.add(writes=sum(map(len, asked["RequestItems"].values())))
            case "BatchExecuteStatement":
                self.add(writes=len(asked["Statements"]))
            case "TransactWriteItems":
                self.add(writes=2 * len(asked["TransactItems"]))
            case name:
                raise NotImplementedError(f"nobody knows what {name} costs")


class CountedFailoverTasks(MemoryFailoverQueue):
    def __init__(self, clock: SteppedClock, tally: Tally) -> None:
        super().__init__(clock)
        self._tally = tally

    def put(self, task: LookTask, delay: timedelta = timedelta(0)) -> None:
        self._tally.add(queued=1)
        super().put(task, delay)


class CountedGateway(MemoryGateway):
    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        self._tally.add(messages=1)
        return super().post(connection_id, frame)


class NotedFacts(DynamoFacts):
    """Keeps the facts for which the stream would call."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def insert(self, *facts: Fact) -> None:
        super().insert(*facts)
        self.facts += facts


class Counted(StoresAlone):
    """A deployment's stores over the wire; what is not DynamoDB in memory."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.tally = Tally()
        self.clock = self.stepped = SteppedClock(datetime.now(UTC))
        self.facts = self.noted = NotedFacts()
        client: Any = PeerItem._get_connection().connection.client
        client.meta.events.register("before-call.dynamodb", self._sent)

    def _sent(self, model: Any, params: dict[str, Any], **_: object) -> None:
        self.tally.sent(model, params)

    @cached_property
    def waiting(self) -> CountedFailoverTasks:
        return CountedFailoverTasks(self.stepped, self.tally)

    @property
    def failover_tasks(self) -> FailoverQueue:
        return self.waiting

    @cached_property
    def sockets(self) -> CountedGateway:
        return CountedGateway(self.tally)

    @property
    def gateway(self) -> Gateway:
        return self.sockets
