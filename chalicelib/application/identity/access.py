"""What a person or an API token may see at this moment, by its id: for who was let in a moment ago.

Requests: 1.
"""

from dataclasses import dataclass

from chalicelib.application.identity.api_tokens import narrowed
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.api_token import is_token
from chalicelib.domain.identity.errors import Suspended
from chalicelib.domain.identity.principal import Viewer, watched_by
from chalicelib.domain.identity.user import Admission, standing
from chalicelib.domain.ids import PrincipalId
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.outside import Clock

ENDED = "What this ticket was given for has changed. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Access:
    store: AccountStore
    admission: Admission
    clock: Clock

    def require_unchanged(self, viewer: Viewer) -> None:
        """Raises Unauthenticated: who looks may see something else by now, or nothing."""
        if self._of(viewer.id) != viewer:
            raise Unauthenticated(ENDED)

    def _of(self, principal_id: PrincipalId) -> Viewer | None:
        """None: they may see nothing any more."""
        if is_token(principal_id):
            return self._of_token(principal_id)
        user, settings = self.store.user(principal_id)
        if user is None:
            return None
        try:
            own = standing(user, self.admission.with_settings(settings))
        except Suspended:
            return None
        return None if own is None else Viewer(principal_id, watched_by(own.role, own.networks), user.revision)

    def _of_token(self, token_id: PrincipalId) -> Viewer | None:
        token, maker, settings = self.store.token(token_id)
        if token is None or token.is_expired(self.clock.now()):
            return None
        try:
            principal = narrowed(token, maker, self.admission.with_settings(settings))
        except Unauthenticated:
            return None
        return Viewer(token_id, principal.watched, principal.account_revision)
