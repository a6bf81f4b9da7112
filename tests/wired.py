"""The control plane over DynamoDB's protocol, in this process: what a use case costs is counted as it leaves."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.httpsession import URLLib3Session
from ministack.services import dynamodb

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.bootstrap.aws import Aws
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.peer.presence import Fact
from chalicelib.ports.facts import FactStore
from chalicelib.ports.transactions import Transactions
from chalicelib.settings import Settings, settings_from
from infra.stack import key_conditions
from infra.stack.tables import create_tables, environment
from tests.world import World

KINDS = {
    **dict.fromkeys(("GetItem", "Query", "BatchGetItem"), "read"),
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "BatchExecuteStatement"), "write"),
    "TransactWriteItems": "transaction",
}


class Wire:
    """MiniStack's DynamoDB in this process, in the place of the network: it counts the requests that leave."""

    def __init__(self) -> None:
        self._sent: Counter[str] = Counter()
        self._lock = Lock()

    def operations(self, act: Callable[[], object]) -> dict[str, int]:
        """The requests an act makes, by DynamoDB's name of the operation."""
        self._sent.clear()
        act()
        return dict(self._sent)

    def counted(self, act: Callable[[], object]) -> dict[str, int]:
        """The requests an act makes, by kind: read, write, transaction."""
        kinds: Counter[str] = Counter()
        for operation, requests in self.operations(act).items():
            kinds[KINDS[operation]] += requests
        return dict(kinds)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer a request that botocore signed."""
        target = request.headers["X-Amz-Target"]
        operation = target.decode() if isinstance(target, bytes) else target
        with self._lock:
            self._sent[operation.partition(".")[2]] += 1
            answering = dynamodb.handle_request("POST", "/", {"x-amz-target": operation}, request.body, {})
            status, headers, body = asyncio.run(answering)
        return Answered(request.url, status, headers, body)


class Answered(AWSResponse):
    def __init__(self, url: str, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(url, status, HeadersDict(headers), None)  # type: ignore[arg-type]
        self._content = body


class WiredOutside(MemoryOutside):
    """Every store on DynamoDB's protocol; what is no store in memory. Changes and facts reach the stream's list."""

    def __init__(self, aws: Aws) -> None:
        super().__init__()
        for name, store in vars(aws).items():
            if type(store).__module__.startswith("chalicelib.adapters.dynamodb."):
                setattr(self, name, store)
        self.transactions = _Committed(aws.transactions, self)  # type: ignore[assignment]
        self.facts = _Inserted(aws.facts, self)  # type: ignore[assignment]


class _Committed:
    def __init__(self, transactions: Transactions, outside: MemoryOutside) -> None:
        self._transactions, self._outside = transactions, outside
        self.limits = transactions.limits

    def commit(self, commit: Commit) -> None:
        self._transactions.commit(commit)
        if commit.change is not None:
            self._outside.tables.stream.append(commit.change)


class _Inserted:
    def __init__(self, facts: FactStore, outside: MemoryOutside) -> None:
        self._facts, self._outside = facts, outside

    def insert(self, *facts: Fact) -> None:
        self._facts.insert(*facts)
        for fact in facts:
            self._outside.tables.facts.setdefault(fact)


class WiredWorld(World):
    """A deployment whose requests to DynamoDB are counted."""

    wire: Wire

    def counted(self, act: Callable[[], object]) -> dict[str, int]:
        """The requests an act makes, by kind."""
        return self.wire.counted(act)

    def made_outside(self) -> MemoryOutside:
        _, outside = wired_outside()
        return outside


@contextmanager
def wired() -> Iterator[Wire]:
    """Answer whatever is sent to DynamoDB in this process, from tables that are empty.

    One at a time: it takes the place of the network, and the models know one deployment.
    """
    wire = Wire()
    environ = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": "http://dynamodb"}
    with (
        patch.dict(os.environ, environ),
        patch.object(URLLib3Session, "send", lambda _, request: wire.send(request)),
        patch.object(dynamodb, "_evaluate_condition", dynamodb._evaluate_condition),
    ):
        key_conditions.install()
        yield wire
        dynamodb.reset()


def wired_outside() -> tuple[Settings, WiredOutside]:
    """The stores of a new deployment; within `wired`."""
    settings = settings_from(environment("test"))
    create_tables(settings)
    return settings, WiredOutside(Aws(settings))


@contextmanager
def wired_world() -> Iterator[WiredWorld]:
    with wired() as wire:
        world = WiredWorld()
        world.wire = wire
        yield world
