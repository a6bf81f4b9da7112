"""Who reads what of the audit log, and that nobody learns of the rest."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.identity.audit import AuditLog
from chalicelib.domain.change.writes import Audit, Commit
from chalicelib.domain.identity.audit import (
    Actor,
    ActorKind,
    AuditFilter,
    AuditPlace,
    AuditRecord,
    Target,
    TargetKind,
)
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.ids import NetworkId, PrincipalId
from tests.builders import T0, an_audit_record

LAB, SHOP, HOME = map(NetworkId, ("net_lab", "net_shop", "net_home"))
ANA, BO = Actor(ActorKind.PERSON, "usr_ana", "Ana"), Actor(ActorKind.PERSON, "usr_bo", "Bo")
OF_BO = Target(TargetKind.USER, "usr_bo", "Bo")


def record(number: int, network_id: NetworkId | None = LAB, **changes: object) -> AuditRecord:
    at = T0 + timedelta(seconds=number)
    return an_audit_record(str(number), at=at, network_id=network_id, **{"actor": ANA, **changes})


RECORDS = (
    record(1),
    record(2, SHOP),
    record(3, None, target=OF_BO, action="user_invited"),
    record(4, HOME, actor=BO),
    record(5, actor=BO, target=OF_BO),
    record(6, None, actor=BO, action="token_created"),
)


def reader(role: Role, *networks: NetworkId, name: str = "usr_bo") -> Principal:
    return Principal(PrincipalId(name), "Bo", role, frozenset(networks) or None)


def a_log(*records: AuditRecord) -> AuditLog:
    outside = MemoryOutside()
    for one in records:
        outside.transactions.commit(Commit(None, (Audit(one),)))
    return AuditLog(outside.audit)


def numbers(log: AuditLog, by: Principal, wanted: AuditFilter = AuditFilter()) -> list[int]:  # noqa: B008  a value
    return [int(one.id.removeprefix("aud_")) for one in log.page(wanted, 50, None, by).records]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR])
def test_who_sees_every_network_reads_all_of_it(role: Role) -> None:
    assert numbers(a_log(*RECORDS), reader(role)) == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR])
def test_granted_networks_narrow_and_leave_out_what_concerns_the_deployment(role: Role) -> None:
    log = a_log(*RECORDS)

    assert numbers(log, reader(role, LAB, SHOP)) == [5, 2, 1]
    assert numbers(log, reader(role, LAB), AuditFilter(target_id="usr_bo")) == [5]


def test_a_member_reads_what_they_did_where_they_may_look() -> None:
    log = a_log(*RECORDS)

    assert numbers(log, reader(Role.MEMBER, LAB)) == [6, 5]
    assert numbers(log, reader(Role.MEMBER, LAB), AuditFilter(actor_id="usr_bo", network_id=LAB)) == [5]
    assert numbers(log, reader(Role.MEMBER, LAB), AuditFilter(actor_id="usr_ana")) == []


@pytest.mark.parametrize(
    "wanted",
    [
        AuditFilter(network_id=HOME),
        AuditFilter(network_id=NetworkId("net_none")),
        AuditFilter(network_id=LAB, target_id="usr_bo", action="user_invited"),
    ],
)
def test_an_unseen_network_is_as_one_that_never_was(wanted: AuditFilter) -> None:
    page = a_log(*RECORDS).page(wanted, 1, None, reader(Role.OPERATOR, SHOP))

    assert (page.records, page.next) == ((), None)


def test_who_may_see_no_network_reads_nothing() -> None:
    nobody = Principal(PrincipalId("usr_bo"), "Bo", Role.AUDITOR, frozenset())

    assert a_log(*RECORDS).page(AuditFilter(), 1, None, nobody).records == ()


@given(
    placed=st.lists(st.sampled_from([LAB, SHOP, HOME, None]), max_size=12),
    granted=st.frozensets(st.sampled_from([LAB, SHOP, HOME]), min_size=1),
    limit=st.integers(1, 5),
)
def test_pages_show_each_record_of_the_granted_networks_once_and_end_at_no_other(
    placed: list[NetworkId | None], granted: frozenset[NetworkId], limit: int
) -> None:
    records = [record(number, network_id) for number, network_id in enumerate(placed)]
    visible = {one.place: one for one in records if one.network_id in granted}

    pages = list(read_through(a_log(*records), limit, reader(Role.AUDITOR, *granted)))

    assert [one for found, _ in pages for one in found] == sorted(visible.values(), key=place, reverse=True)
    assert {following for _, following in pages if following is not None} <= visible.keys()


def read_through(log: AuditLog, limit: int, by: Principal) -> Iterator[tuple[list[AuditRecord], AuditPlace | None]]:
    start: AuditPlace | None = None
    while True:
        page = log.page(AuditFilter(), limit, start, by)
        assert len(page.records) <= limit
        yield list(page.records), page.next
        if page.next is None:
            return
        start = page.next


def place(one: AuditRecord) -> AuditPlace:
    return one.place
