"""The audit log, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import Audit, Claim, Commit
from chalicelib.domain.identity.audit import (
    Actor,
    ActorKind,
    AuditFilter,
    AuditRecord,
    Outcome,
    Target,
    TargetKind,
)
from chalicelib.domain.ids import DEPLOYMENT, NetworkId, PeerId
from chalicelib.ports.transactions import ConditionFailed
from tests.builders import T0, an_audit_record

ANA = Actor(ActorKind.PERSON, "usr_ana", "Ana")
WEB = Target(TargetKind.PEER, "dyn_web", "web")
USER = Target(TargetKind.USER, "usr_bo", "Bo")
SECOND = timedelta(seconds=1)

RENAMED = an_audit_record("1")
BLOCKED = an_audit_record("2", at=T0 + SECOND, action="peer_blocked", actor=ANA, target=WEB)
INVITED = an_audit_record(
    "3", at=T0 + 2 * SECOND, action="user_invited", actor=ANA, target=USER, network_id=None, before=None
)
RENAMED_AGAIN = an_audit_record("4", at=T0 + 3 * SECOND)
ALL = (RENAMED_AGAIN, INVITED, BLOCKED, RENAMED)


def add(outside: Outside, *records: AuditRecord) -> None:
    for record in records:
        outside.transactions.commit(Commit(None, (Audit(record),)))


@pytest.fixture
def log(outside: Outside) -> Outside:
    add(outside, *ALL)
    return outside


def found(outside: Outside, wanted: AuditFilter) -> tuple[AuditRecord, ...]:
    return outside.audit.page(wanted, 50).records


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AuditFilter(), ALL),
        (AuditFilter(network_id=NetworkId("net_lab")), (RENAMED_AGAIN, BLOCKED, RENAMED)),
        (AuditFilter(actor_id=ANA.id), (INVITED, BLOCKED)),
        (AuditFilter(action="network_updated"), (RENAMED_AGAIN, RENAMED)),
        (AuditFilter(target_id=WEB.id), (BLOCKED,)),
        (AuditFilter(target_id="dyn_other"), ()),
        (AuditFilter(since=BLOCKED.at, until=RENAMED_AGAIN.at), (INVITED, BLOCKED)),
        (AuditFilter(since=T0 + 4 * SECOND), ()),
        (AuditFilter(since=RENAMED_AGAIN.at, until=BLOCKED.at), ()),
        (AuditFilter(NetworkId("net_lab"), since=BLOCKED.at), (RENAMED_AGAIN, BLOCKED)),
        (AuditFilter(actor_id=ANA.id, network_id=NetworkId("net_lab")), (BLOCKED,)),
        (AuditFilter(actor_id=ANA.id, action="user_invited", target_id=USER.id), (INVITED,)),
    ],
)
def test_records_are_found_by_what_they_say_the_newest_first(
    log: Outside, wanted: AuditFilter, expected: tuple[AuditRecord, ...]
) -> None:
    assert found(log, wanted) == expected


@pytest.mark.parametrize("wanted", [AuditFilter(), AuditFilter(network_id=NetworkId("net_lab"), until=T0 + SECOND * 9)])
def test_pages_follow_one_another_to_the_end(log: Outside, wanted: AuditFilter) -> None:
    first = log.audit.page(wanted, 2)
    last = log.audit.page(wanted, 2, first.next)

    assert (*first.records, *last.records) == tuple(filter(wanted.matches, ALL))
    assert (len(first.records), last.next) == (2, None)


def test_what_was_added_to_the_log_meanwhile_moves_no_page(log: Outside) -> None:
    start = log.audit.page(AuditFilter(), 2).next
    add(log, an_audit_record("5", at=T0 + 5 * SECOND))

    assert log.audit.page(AuditFilter(), 2, start).records == ALL[2:]


def test_every_field_of_a_record_comes_back(outside: Outside) -> None:
    record = an_audit_record(
        before={"tags": ("a", "b"), "mtu": 1400, "is_isolated": False, "endpoint": None},
        after={"tags": (), "mtu": 1420, "is_isolated": True, "endpoint": "198.51.100.1"},
        outcome=Outcome.REFUSED,
        source=None,
        request_id=None,
    )
    add(outside, record)

    assert found(outside, AuditFilter()) == (record,)


def test_a_record_that_stands_is_written_again_without_effect(outside: Outside) -> None:
    add(outside, RENAMED, RENAMED)

    assert found(outside, AuditFilter()) == (RENAMED,)


def test_a_record_is_never_replaced(outside: Outside) -> None:
    add(outside, RENAMED)

    with pytest.raises(ConditionFailed):
        add(outside, replace(RENAMED, after={"name": "another"}))

    assert found(outside, AuditFilter()) == (RENAMED,)


def test_without_its_change_there_is_no_record_of_it(outside: Outside) -> None:
    mine, taken = (Claim(DEPLOYMENT, "name", "web", PeerId(holder)) for holder in ("dyn_1", "dyn_2"))
    outside.transactions.commit(Commit(None, (mine,)))

    with pytest.raises(ConditionFailed):
        outside.transactions.commit(Commit(None, (Audit(RENAMED), taken)))

    assert found(outside, AuditFilter()) == ()


def test_what_belongs_to_no_network_is_in_no_change_log(outside: Outside) -> None:
    add(outside, RENAMED)

    assert outside.changes.page(NetworkId("net_lab"), None, 10) == []
