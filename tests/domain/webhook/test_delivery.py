"""Deliveries: when they are tried again, and when no more."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import HookId
from chalicelib.domain.webhook.delivery import ATTEMPTS_KEPT, KEPT, WAITS, Answer, Delivery, Outcome, SendEvent
from chalicelib.domain.webhook.event import EventType, event_of
from tests.builders import T0

EVENT = event_of(EventType.PEER_CREATED, T0, None, "1")
TAKEN, BROKEN, SILENT = Answer(12, 204), Answer(12, 500, "oops"), Answer(5000, None, error="no answer within 5 s")
NEW = Delivery(EVENT)
SEND = SendEvent(HookId("whk_1"), EVENT)


def test_a_delivery_that_is_taken_is_done() -> None:
    done = NEW.after(TAKEN, T0, share=0)

    assert (done.outcome, done.next_at, done.tries) == (Outcome.DELIVERED, None, 1)


@pytest.mark.parametrize("answer", [BROKEN, SILENT, Answer(1, 301), Answer(1, 429), Answer(1, 199)])
def test_whatever_is_no_success_is_tried_again(answer: Answer) -> None:
    waiting = NEW.after(answer, T0, share=0)

    assert (waiting.outcome, waiting.next_at) == (Outcome.WAITING, T0 + WAITS[0])


@given(st.lists(st.floats(0, 0.999), min_size=len(WAITS), max_size=len(WAITS)))
def test_the_tries_spread_over_most_of_a_day_and_never_more(shares: list[float]) -> None:
    delivery, now = NEW, T0
    for share in shares:
        delivery = delivery.after(BROKEN, now, share)
        assert delivery.next_at is not None
        assert now < delivery.next_at
        now = delivery.next_at
    last = delivery.after(BROKEN, now, 0)

    assert timedelta(hours=18) <= now - T0 <= timedelta(hours=24)
    assert (last.outcome, last.next_at) == (Outcome.FAILED, None)


def test_a_receiver_that_is_gone_is_not_tried_again() -> None:
    assert NEW.after(Answer(1, 410), T0, 0).outcome is Outcome.FAILED


def test_a_message_is_done_once_however_often_it_comes() -> None:
    waiting = NEW.after(BROKEN, T0, 0)

    assert not SEND.is_done(None)
    assert not SEND.is_done(NEW)
    assert SEND.is_done(waiting)
    assert not SEND.next(waiting).is_done(waiting)
    assert SEND.is_done(NEW.after(TAKEN, T0, 0))


def test_a_person_may_have_anything_sent_again() -> None:
    again = replace(SEND, is_again=True)

    assert not again.is_done(NEW.after(TAKEN, T0, 0))
    assert not again.is_done(NEW.after(Answer(1, 410), T0, 0))


def test_of_many_attempts_the_newest_are_kept() -> None:
    delivery = NEW
    for number in range(ATTEMPTS_KEPT + 5):
        delivery = replace(delivery, tries=0).after(replace(BROKEN, ms=number), T0 + timedelta(hours=number), 0)

    assert [attempt.answer.ms for attempt in delivery.attempts] == list(range(5, ATTEMPTS_KEPT + 5))
    assert delivery.kept_until == delivery.attempts[-1].at + KEPT
