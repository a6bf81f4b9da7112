"""Queues, and what goes wrong in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from chalicelib.domain.change.notices import Notice
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.absence import AbsenceCheck
from chalicelib.domain.peer.failover import FailoverTask
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.domain.webhook.delivery import HookTask
from chalicelib.ports.sockets import Connection


@dataclass(frozen=True, slots=True)
class Push:
    """One queue message: tell these connections.

    `after`: once these agents run the notice's revision, but no later than `until`. `tries`: how often the
    gateway failed with these, at least 1 when it did not know them yet."""

    notice: Notice
    connections: tuple[Connection, ...]
    after: tuple[PeerId, ...] = ()
    until: datetime | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One queue message: see who has not applied the revisions from one to another by now."""

    network_id: NetworkId
    first: Revision
    last: Revision


LookTask: TypeAlias = FailoverTask | AbsenceCheck
"""What is looked at later."""


class QueueMessages(Protocol):
    """What the queues' messages say. Each raises ValueError or KeyError for a body that is none of its own."""

    def message_from(self, body: str) -> Push | Check: ...

    def failover_task_from(self, body: str) -> LookTask: ...

    def held_from(self, body: str) -> PskHeld: ...

    def hook_task_from(self, body: str) -> HookTask: ...

    def removal_from(self, body: str) -> tuple[NetworkId, int]:
        """The network to go on removing, and the turn."""
        ...


class PushQueue(Protocol):
    """At least once, in no order."""

    def send(self, pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None: ...

    def remind(self, check: Check, delay: timedelta) -> None:
        """Have it asked later who has not applied what."""
        ...


class FailoverQueue(Protocol):
    """What is to be looked at because a jump may be dead, or an ephemeral peer gone: at least once, in no order."""

    def put(self, task: LookTask, delay: timedelta = timedelta(0)) -> None:
        """`delay`: whole seconds, 15 minutes at most."""
        ...


class HeldQueue(Protocol):
    """What agents say of preshared keys they hold, to be taken together: at least once, in no order."""

    def put(self, word: PskHeld) -> None: ...


class HookQueue(Protocol):
    """What is to be sent to webhooks, or looked at for them: at least once, in no order."""

    def put(self, tasks: Iterable[HookTask], delay: timedelta = timedelta(0)) -> None:
        """`delay`: whole seconds, 15 minutes at most. 1 request a ten."""
        ...

    def put_aside(self, task: HookTask) -> None:
        """Keep what was tried often enough among the dead letters, from where a person may have it tried anew."""
        ...


class RemovalQueue(Protocol):
    def start(self, network_id: NetworkId, turn: int = 0) -> None:
        """Have a network that is being deleted removed, step by step; at least once. `turn`: the messages before."""
        ...


class Redelivery(Protocol):
    def after(self, source: str, waits_s: Mapping[str, int]) -> None:
        """Have messages that were received, by receipt, seen again after so many seconds. `source`: their queue's ARN.

        1 request a ten."""
        ...


class DeadLetters(Protocol):
    def put(self, record: Mapping[str, object], reason: str) -> None:
        """Keep a record that could not be planned, whole."""
        ...
