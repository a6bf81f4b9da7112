"""Who calls too often is told when to come back.

Requests: 1 write a call that is counted; none once this process knows that the minute's calls are used up.
"""

from dataclasses import dataclass, field
from math import ceil

from chalicelib.domain.identity.errors import TooManyRequests
from chalicelib.domain.identity.limits import Allowances, Counted, Limit, counted
from chalicelib.ports.limits import LimitStore
from chalicelib.ports.outside import Clock

MOST_REMEMBERED = 1000  # of those that are over
WHAT = {
    Limit.WRITES: "calls that change something",
    Limit.ENROLLMENTS: "enrolments from one address",
    Limit.SESSIONS: "sessions from one address",
    Limit.REFUSALS: "refused credentials from one address",
}


@dataclass(slots=True)
class Limits:
    store: LimitStore
    allowances: Allowances
    clock: Clock
    _over: set[Counted] = field(default_factory=set)

    def require(self, limit: Limit, subject: str) -> None:
        """Count a call. Raises TooManyRequests."""
        now, most = self.clock.now(), self.allowances[limit]
        calls = counted(limit, subject, now)
        if calls in self._over or not self.store.count(calls, most):
            self._remember(calls)
            why = f"More than {most} {WHAT[limit]} in a minute."
            raise TooManyRequests(why, ceil((calls.until - now).total_seconds()))

    def _remember(self, over: Counted) -> None:
        if len(self._over) >= MOST_REMEMBERED:
            self._over.clear()
        self._over.add(over)
