"""Refusals in the audit log: one of a kind, an actor and a minute, however many processes meet them."""

from datetime import timedelta

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.identity.refusals import MOST_REMEMBERED, Refusals
from chalicelib.domain.identity.audit import (
    Actor,
    ActorKind,
    AuditFilter,
    AuditRecord,
    Outcome,
    RefusedAction,
    Target,
    TargetKind,
)
from chalicelib.domain.identity.principal import Caller

ROUTE = Target(TargetKind.ROUTE, "POST /networks", "POST /networks")
ANA = Caller(Actor(ActorKind.PERSON, "usr_ana", "Ana"), "198.51.100.7", "req-1")
BO = Caller(Actor(ActorKind.TOKEN, "tok_bo", "Bo"), "198.51.100.8", "req-2")


def records(outside: MemoryOutside) -> tuple[AuditRecord, ...]:
    return outside.audit.page(AuditFilter(), 50).records


def test_a_refusal_says_who_was_refused_what_from_where() -> None:
    outside = MemoryOutside()
    Refusals(outside.transactions, outside.clock).note(RefusedAction.REQUEST, ROUTE, None, ANA)

    [kept] = records(outside)

    assert (kept.actor, kept.source, kept.request_id) == (ANA.actor, "198.51.100.7", "req-1")
    assert (kept.action, kept.target, kept.outcome) == ("request_refused", ROUTE, Outcome.REFUSED)
    assert kept.at == outside.clock.now().replace(second=0, microsecond=0)


def test_of_a_minute_one_of_each_kind_and_actor_is_kept() -> None:
    outside = MemoryOutside()
    one, other = (Refusals(outside.transactions, outside.clock) for _ in range(2))

    for process in (one, other, one):
        for action in (RefusedAction.REQUEST, RefusedAction.LIMIT):
            for caller in (ANA, BO):
                process.note(action, ROUTE, None, caller)
    assert len(records(outside)) == 4

    outside.clock.advance(timedelta(minutes=1))
    other.note(RefusedAction.REQUEST, ROUTE, None, ANA)
    assert len(records(outside)) == 5


def test_what_a_process_remembers_is_bounded() -> None:
    outside = MemoryOutside()
    refusals = Refusals(outside.transactions, outside.clock)
    for number in range(MOST_REMEMBERED + 10):
        refusals.note(RefusedAction.REQUEST, ROUTE, None, Caller(Actor(ActorKind.PERSON, f"usr_{number}", "")))

    assert len(refusals._noted) <= MOST_REMEMBERED
