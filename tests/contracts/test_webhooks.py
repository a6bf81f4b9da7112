"""Webhooks and their deliveries, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.ids import HookId, NetworkId, Revision
from chalicelib.domain.network.network import SealedSecret
from chalicelib.domain.webhook.delivery import Answer, Delivery
from chalicelib.domain.webhook.event import Event, EventType, event_of
from chalicelib.domain.webhook.hook import SwitchedOff
from chalicelib.domain.webhook.writes import HookWrite, PutHook, RemoveHook
from chalicelib.ports.transactions import CommitConflict
from tests.builders import T0, a_hook

MINUTE = timedelta(minutes=1)
PLAIN = a_hook("1")
FULL = a_hook(
    "2",
    description="to the pager",
    events=frozenset({EventType.PEER_CREATED, EventType.INCIDENT_OPENED}),
    networks=frozenset({NetworkId("net_lab")}),
    former=SealedSecret(b"deployment 0"),
    former_until=T0 + MINUTE,
    failing_since=T0,
    off=SwitchedOff.FAILING,
)


def write(outside: Outside, *writes: HookWrite) -> None:
    outside.transactions.commit(Commit(None, writes))


def an_event(number: int) -> Event:
    network_id = NetworkId("net_lab")
    at = T0 + number * MINUTE
    return event_of(EventType.PEER_CREATED, at, network_id, str(number), tags=("a", "b"), n=number, by=None, ok=True)


def test_hooks_come_back_as_they_were_put(outside: Outside) -> None:
    write(outside, PutHook(FULL), PutHook(PLAIN))

    assert outside.hooks.every() == [PLAIN, FULL]
    assert outside.hooks.get(FULL.id) == FULL
    assert outside.hooks.get(HookId("whk_other")) is None


def test_of_two_changes_of_one_revision_the_first_counts(outside: Outside) -> None:
    write(outside, PutHook(PLAIN))
    changed = replace(PLAIN, description="changed", revision=Revision(2))
    write(outside, PutHook(changed))

    for late in (PutHook(PLAIN), PutHook(changed), RemoveHook(PLAIN)):
        with pytest.raises(CommitConflict):
            write(outside, late)
    write(outside, RemoveHook(changed))
    assert outside.hooks.every() == []


def test_the_first_failure_is_noted_until_it_works_again(outside: Outside) -> None:
    write(outside, PutHook(PLAIN))
    outside.hooks.note_failing(PLAIN.id, T0)
    outside.hooks.note_failing(PLAIN.id, T0 + MINUTE)
    assert outside.hooks.get(PLAIN.id) == replace(PLAIN, failing_since=T0)

    outside.hooks.note_failing(PLAIN.id, None)
    outside.hooks.note_failing(HookId("whk_gone"), T0)
    assert outside.hooks.every() == [PLAIN]


def test_deliveries_are_listed_from_the_newest(outside: Outside) -> None:
    made = [Delivery(an_event(number)) for number in range(5)]
    for delivery in made:
        outside.hooks.put_delivery(PLAIN.id, delivery)
    outside.hooks.put_delivery(FULL.id, made[0])

    first, cursor = outside.hooks.deliveries(PLAIN.id, 3, None)
    rest, end = outside.hooks.deliveries(PLAIN.id, 3, cursor)

    assert [*first, *rest] == made[::-1]
    assert (cursor, end) == (made[2].event.id, None)


def test_hooks_are_read_with_their_deliveries(outside: Outside) -> None:
    write(outside, PutHook(PLAIN))
    tried = Delivery(an_event(1)).after(Answer(12, 500, "oops \N{SNOWMAN}"), T0, 0.5)
    tried = tried.after(Answer(5000, error="no answer"), T0 + MINUTE, 0)
    outside.hooks.put_delivery(PLAIN.id, tried)
    known, unknown = (PLAIN.id, tried.event.id), (PLAIN.id, an_event(2).id)

    hooks, deliveries = outside.hooks.with_deliveries([known, unknown, (HookId("whk_gone"), tried.event.id)])

    assert (hooks, deliveries) == ({PLAIN.id: PLAIN}, {known: tried})
    assert outside.hooks.with_deliveries([]) == ({}, {})
