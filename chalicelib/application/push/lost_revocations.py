"""Accounts whose change was told to nobody: the sockets that they hold are ended by what the audit log says of a time.

Requests: 1 for PAGE records of the time, and those of revoking what they name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.application.push.revocations import Revocations
from chalicelib.domain.identity.account_change import AccountChange, PersonChanged, TokenEnded
from chalicelib.domain.identity.audit import AuditFilter, AuditRecord, Outcome, TargetKind
from chalicelib.domain.ids import PrincipalId
from chalicelib.ports.audit import AuditStore
from chalicelib.ports.users import UserStore

PAGE = 100


@dataclass(frozen=True, slots=True)
class LostRevocations:
    revocations: Revocations
    audit: AuditStore
    users: UserStore

    def during(self, first: datetime, last: datetime) -> int:
        """Have the sockets ended of whoever's account was changed from one time to another; answers how many changes.

        Of other settings everybody's are: whom they concern is not known any more. Who still may comes back by
        themselves.
        """
        changes = dict.fromkeys(change for record in self._records(first, last) for change in self._of(record))
        self.revocations.revoke(list(changes))
        return len(changes)

    def _records(self, first: datetime, last: datetime) -> Iterator[AuditRecord]:
        wanted, start = AuditFilter(since=first, until=last), None
        while True:
            page = self.audit.page(wanted, PAGE, start)
            yield from page.records
            if page.next is None:
                return
            start = page.next

    def _of(self, record: AuditRecord) -> Iterator[AccountChange]:
        target = record.target
        if record.outcome is not Outcome.DONE:
            return
        if target.kind is TargetKind.USER:
            yield PersonChanged(PrincipalId(target.id))
        elif target.kind is TargetKind.TOKEN:
            yield TokenEnded(PrincipalId(target.id))
        elif target.kind is TargetKind.SETTINGS:
            yield from map(PersonChanged, self._everybody())

    def _everybody(self) -> Iterator[PrincipalId]:
        after: PrincipalId | None = None
        while True:
            page, after = self.users.page(PAGE, after)
            yield from (user.id for user in page)
            if after is None:
                return
