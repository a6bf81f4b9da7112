"""From changed accounts to the sockets that were opened by them, which deliveries end.

Requests of a batch: 1 query a person, of a revoked token its maker. Of another default role: the pages of all people, 1
query for each whom it concerns. Messages: 1 a person for SOCKETS_PER_PUSH sockets.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from chalicelib.application.push.plans import pushes
from chalicelib.domain.change.browser_notices import AccountChanged
from chalicelib.domain.identity.account_change import AccountChange, PersonChanged, SettingsChanged, TokenEnded
from chalicelib.domain.identity.api_token import maker_of
from chalicelib.domain.identity.errors import Suspended
from chalicelib.domain.identity.user import Admission, Standing, User, standing
from chalicelib.domain.ids import PrincipalId
from chalicelib.ports.queues import PushQueue
from chalicelib.ports.sockets import Connection, ConnectionStore
from chalicelib.ports.users import UserStore

PAGE = 500  # people, of a query


@dataclass(frozen=True, slots=True)
class Revocations:
    """Whoever opens a socket stores it, then looks at the account once more; this looks for sockets once the account
    is other. One of both finds the other."""

    users: UserStore
    connections: ConnectionStore
    queue: PushQueue
    admission: Admission

    def revoke(self, changes: Sequence[AccountChange]) -> None:
        """Have the sockets ended that show what somebody may see no longer; twice is as good as once."""
        for person_id, sockets in self._sockets(dict.fromkeys(changes)):
            self.queue.send(pushes(AccountChanged(person_id), sockets))

    def _sockets(self, changes: Iterable[AccountChange]) -> Iterator[tuple[PrincipalId, list[Connection]]]:
        for change in changes:
            match change:
                case PersonChanged(person_id):
                    yield person_id, self.connections.of_person(person_id)
                case TokenEnded(token_id):
                    maker_id = maker_of(token_id)
                    own = [known for known in self.connections.of_person(maker_id) if known.holder == token_id]
                    yield maker_id, own
                case SettingsChanged():
                    for person_id in self._concerned(change):
                        yield person_id, self.connections.of_person(person_id)
                case _:
                    assert_never(change)

    def _concerned(self, change: SettingsChanged) -> Iterator[PrincipalId]:
        """The people whose role is the default one, before or after."""
        before, after = (self.admission.with_settings(settings) for settings in (change.before, change.after))
        for user in self._people():
            if _standing(user, before) != _standing(user, after):
                yield user.id

    def _people(self) -> Iterator[User]:
        page, after = self.users.page(PAGE, None)
        yield from page
        while after is not None:
            page, after = self.users.page(PAGE, after)
            yield from page


def _standing(user: User, admission: Admission) -> Standing | None:
    try:
        return standing(user, admission)
    except Suspended:
        return None
