"""The queues, in memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from chalicelib.domain.ids import NetworkId
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.domain.webhook.delivery import HookTask
from chalicelib.ports.outside import Clock
from chalicelib.ports.queues import Check, LookTask, Push

MOST_DELAY = timedelta(minutes=15)  # SQS, DelaySeconds


class MemoryQueue:
    """Messages wait in `messages`, delayed ones in `delayed`, and what is to be checked in `checks`."""

    def __init__(self) -> None:
        self.messages: list[Push] = []
        self.delayed: list[Push] = []
        self.checks: list[Check] = []

    def send(self, pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None:
        (self.delayed if delay else self.messages).extend(pushes)

    def remind(self, check: Check, delay: timedelta) -> None:
        self.checks.append(check)


class MemoryFailoverQueue:
    """`waiting`: each failover task with when it is due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting: list[tuple[datetime, LookTask]] = []

    def put(self, task: LookTask, delay: timedelta = timedelta(0)) -> None:
        if delay > MOST_DELAY:
            raise ValueError(f"SQS delays a message by {MOST_DELAY} at most")
        self.waiting.append((self._clock.now() + delay, task))


class MemoryHeld:
    """`waiting`: what agents said and nobody took yet."""

    def __init__(self) -> None:
        self.waiting: list[PskHeld] = []

    def put(self, word: PskHeld) -> None:
        self.waiting.append(word)


class MemoryHookQueue:
    """`waiting`: each task with when it is due. `dead`: those that were given up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting: list[tuple[datetime, HookTask]] = []
        self.dead: list[HookTask] = []

    def put(self, tasks: Iterable[HookTask], delay: timedelta = timedelta(0)) -> None:
        if delay > MOST_DELAY:
            raise ValueError(f"SQS delays a message by {MOST_DELAY} at most")
        self.waiting += ((self._clock.now() + delay, task) for task in tasks)

    def put_aside(self, task: HookTask) -> None:
        self.dead.append(task)


class MemoryRemovals:
    """Networks whose removal was asked for, in order. `turns`: the latest of each."""

    def __init__(self) -> None:
        self.started: list[NetworkId] = []
        self.turns: dict[NetworkId, int] = {}

    def start(self, network_id: NetworkId, turn: int = 0) -> None:
        self.started.append(network_id)
        self.turns[network_id] = turn


class MemoryRedelivery:
    """`waits_s`: by receipt, when messages that failed are seen again."""

    def __init__(self) -> None:
        self.waits_s: dict[str, int] = {}

    def after(self, source: str, waits_s: Mapping[str, int]) -> None:
        self.waits_s.update(waits_s)


class MemoryDeadLetters:
    def __init__(self) -> None:
        self.buried: list[tuple[Mapping[str, object], str]] = []

    def put(self, record: Mapping[str, object], reason: str) -> None:
        self.buried.append((record, reason))
