"""A delivery: one event to one hook, tried until it is taken, over a day.

A retry waits for what the last attempt's number says, less chance's share, so that what failed together is not tried
again together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import HookId, NetworkId, PeerId
from chalicelib.domain.webhook.event import Event

WAITS: Sequence[timedelta] = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=6),
    timedelta(hours=10),
)
"""After the first attempt, the second, …: 23 h 43 min together at most."""
SPREAD = 0.2  # of a wait that chance may take away
KEPT = timedelta(days=7)  # so long deliveries are listed
ATTEMPTS_KEPT = 20  # of a delivery: more than one round, as redeliveries begin another
ANSWER_MAX = 500  # characters of an answer that are kept
GONE = 410


class Outcome(StrEnum):
    """`WAITING`: for its next attempt."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt. `status` None: no answer, and `error` says why. `ms`: until then. `text`: the first of
    what the answer said."""

    ms: int
    status: int | None = None
    text: str = ""
    error: str | None = None

    @property
    def is_success(self) -> bool:
        """2xx alone: redirects are not followed."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver wants no more. Source: Standard Webhooks specification, section "Status codes"."""
        return self.status == GONE


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    answer: Answer


@dataclass(frozen=True, slots=True)
class Delivery:
    """`tries`: attempts of the present round; a redelivery begins another. `attempts`: the newest, in order. `next_at`:
    when it is tried again, None: not by itself."""

    event: Event
    outcome: Outcome = Outcome.WAITING
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    next_at: datetime | None = None

    @property
    def kept_until(self) -> datetime:
        newest = self.attempts[-1].at if self.attempts else self.event.at
        return newest + KEPT

    def ended(self) -> "Delivery":
        """As it is where it is not tried again."""
        outcome = Outcome.FAILED if self.outcome is Outcome.WAITING else self.outcome
        return replace(self, outcome=outcome, next_at=None)

    def after(self, answer: Answer, now: datetime, share: float) -> "Delivery":
        """As it is once an attempt was made.

        Args:
            share: chance's, from 0 up to 1.
        """
        attempts = (*self.attempts, Attempt(now, answer))[-ATTEMPTS_KEPT:]
        tried = replace(self, tries=self.tries + 1, attempts=attempts, next_at=None)
        if answer.is_success:
            return replace(tried, outcome=Outcome.DELIVERED)
        if answer.is_gone or self.tries >= len(WAITS):
            return replace(tried, outcome=Outcome.FAILED)
        wait = WAITS[self.tries] * (1 - SPREAD * share)
        return replace(tried, outcome=Outcome.WAITING, next_at=now + wait)


@dataclass(frozen=True, slots=True)
class SendEvent:
    """One message: send an event to a hook.

    `attempt`: how many came before in this round. `due_at`: not before then; None: now. `is_again`: a person asks for
    it, also of one that was taken or given up, and of a hook that is switched off.
    """

    hook_id: HookId
    event: Event
    attempt: int = 0
    due_at: datetime | None = None
    is_again: bool = False

    def is_done(self, delivery: Delivery | None) -> bool:
        """Whether another message of the same attempt was there before."""
        if self.is_again or delivery is None:
            return False
        return delivery.outcome is not Outcome.WAITING or delivery.tries != self.attempt

    def next(self, delivery: Delivery) -> "SendEvent":
        return replace(self, attempt=delivery.tries, due_at=delivery.next_at, is_again=False)


@dataclass(frozen=True, slots=True)
class OfflineCheck:
    """One message: see whether an agent that went at a time is still away."""

    network_id: NetworkId
    peer_id: PeerId
    since: datetime


HookTask = SendEvent | OfflineCheck
