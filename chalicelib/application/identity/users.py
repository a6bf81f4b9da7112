"""People as administrators look at them: invite, change, suspend, remove.

Requests: a page 3; get 2; invite 1 read, 1 call of the pool and 1 transaction, and 1 read a hundred networks; change 2
reads and 1 transaction, and 1 read a hundred networks; remove 2 reads and 1 transaction.
"""

from collections.abc import Callable, Collection, Set
from dataclasses import dataclass, replace

from chalicelib.application.network_edit import require_version
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import Audit, Commit, SettleRequest
from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity.act import Act, act_on_user
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.errors import EmailInUse, NotSignedIn, UserNotFound
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.user import Admission, Standing, User, advanced, counted, invitation_id, standing
from chalicelib.domain.identity.writes import (
    ClaimEmail,
    IdentityWrite,
    PutUser,
    ReleaseEmail,
    RemoveUser,
    membership,
)
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId, PrincipalId, Revision
from chalicelib.domain.unset import UNSET, Unset
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.identity import Pool
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import Transactions
from chalicelib.ports.users import UserStore

Grant = frozenset[NetworkId] | None
"""Networks as they are granted; None: every network of the deployment."""


@dataclass(frozen=True, slots=True)
class UserPatch:
    """What is to be other. `role` None: none of the record's own."""

    role: Role | Unset | None = UNSET
    networks: Grant | Unset = UNSET
    is_suspended: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class UserView:
    """A person or an invitation. `standing` None: they may do nothing now. `is_mailed`: of an invitation just made,
    whether the pool wrote to them; None: of nothing that was just made."""

    user: User
    standing: Standing | None
    owned_peers: int
    is_mailed: bool | None = None


@dataclass(frozen=True, slots=True)
class Users:
    """What takes an administrator of the whole deployment, and is read by its auditors."""

    users: UserStore
    accounts: AccountStore
    networks: NetworkStore
    pool: Callable[[], Pool]
    transactions: Transactions
    admission: Admission
    clock: Clock
    randomness: Randomness

    def page(self, after: str | None, limit: int, by: Principal) -> tuple[list[UserView], str | None]:
        """Up to `limit` people and invitations by their ids, and the cursor of the next page."""
        by.require_all_networks()
        found, last = self.users.page(limit, None if after is None else PrincipalId(after))
        admission = self.admission.with_settings(self.accounts.settings())
        owned = self.users.owned_counts([user.id for user in found])
        return [_view(user, admission, owned.get(user.id, 0)) for user in found], last

    def get(self, user_id: PrincipalId, by: Principal) -> UserView:
        """Raises UserNotFound."""
        by.require_all_networks()
        user, admission = self._stored(user_id)
        return self._shown(user, admission)

    def invite(
        self, email: str, role: Role, networks: Grant, by: Principal, request: Replayable | None = None
    ) -> UserView:
        """Have a role ready for who first signs in with a verified address. The deployment's own pool writes to them.

        Args:
            email: in lower case.

        Raises:
            EmailInUse: a person or another invitation has the address.
            Invalid: networks that do not exist.
            PoolUnreachable: nobody was written to, and nothing was kept.
        """
        by.require_all_networks()
        self._require_networks(networks)
        self._require_free(email)
        is_mailed = self.pool().invite(email)
        user = User(
            invitation_id(email),
            issuer=None,
            subject=None,
            email=email,
            name=None,
            created_at=self.clock.now(),
            role=role,
            networks=_granted(networks),
            invited_by=by.person_id,
        )
        settled = () if request is None else (SettleRequest(request.done(user.id)),)

        def attempt() -> None:
            self._require_free(email)
            record = self._record(act_on_user("user_invited", None, user), by)
            writes = (PutUser(user), ClaimEmail(email, user.id), *settled, record)
            self.transactions.commit(Commit(None, writes))

        retry_on_conflict(self.clock, attempt, what="this account")
        return UserView(user, None, 0, is_mailed)

    def change(
        self, user_id: PrincipalId, patch: UserPatch, by: Principal, if_match: Set[Revision] | None = None
    ) -> UserView:
        """Change what a person may do here, by this record.

        Raises:
            UserNotFound, Stale, NotSignedIn.
            Invalid: networks that do not exist.
            LastAdministrator: nobody else is one.
        """
        by.require_all_networks()
        if not isinstance(patch.networks, Unset):
            self._require_networks(patch.networks)

        def attempt() -> tuple[User, Admission]:
            before, admission = self._stored(user_id)
            require_version(before.revision, if_match)
            after = advanced(before, counted(_patched(before, patch), admission))
            if after.revision != before.revision:
                self._commit(_action(before, after), before, after, (PutUser(after), *membership(before, after)), by)
            return after, admission

        return self._shown(*retry_on_conflict(self.clock, attempt, what="this account"))

    def remove(self, user_id: PrincipalId, by: Principal, if_match: Set[Revision] | None = None) -> None:
        """Forget a person or an invitation. Who has a role without one may come back: suspension keeps them out.

        Raises:
            UserNotFound, Stale.
            LastAdministrator: nobody else is one.
        """
        by.require_all_networks()

        def attempt() -> None:
            user, _ = self._stored(user_id)
            require_version(user.revision, if_match)
            writes: list[IdentityWrite] = [RemoveUser(user), *membership(user, None)]
            if user.email is not None and self.accounts.of_email(user.email)[0] == user.id:
                writes.append(ReleaseEmail(user.email, user.id))
            self._commit("user_removed", user, None, writes, by)

        retry_on_conflict(self.clock, attempt, what="this account")

    def _stored(self, user_id: PrincipalId) -> tuple[User, Admission]:
        user, settings = self.accounts.user(user_id)
        if user is None:
            raise UserNotFound(user_id)
        return user, self.admission.with_settings(settings)

    def _shown(self, user: User, admission: Admission) -> UserView:
        return _view(user, admission, self.users.owned_counts([user.id]).get(user.id, 0))

    def _require_free(self, email: str) -> None:
        holder_id, _ = self.accounts.of_email(email)
        if holder_id is not None:
            raise EmailInUse(email, holder_id)

    def _require_networks(self, networks: Grant) -> None:
        """Raises Invalid: those that do not exist, by the place of each."""
        wanted = sorted(networks or ())
        known: set[NetworkId] = set()
        for start in range(0, len(wanted), 100):
            known |= {network.id for network in self.networks.many(wanted[start : start + 100])}
        unknown = [network_id for network_id in wanted if network_id not in known]
        if unknown:
            raise Invalid([("networks", f"There is no network {network_id}.") for network_id in unknown])

    def _commit(
        self, action: str, before: User, after: User | None, writes: Collection[IdentityWrite], by: Principal
    ) -> None:
        record = self._record(act_on_user(action, before, after), by)
        self.transactions.commit(Commit(None, (*writes, record)))

    def _record(self, act: Act, by: Principal) -> Audit:
        return Audit(act.record(AuditId(self.randomness.new_id("aud")), self.clock.now(), by.caller))


def _patched(user: User, patch: UserPatch) -> User:
    """Raises NotSignedIn."""
    if not isinstance(patch.role, Unset):
        user = replace(user, role=patch.role)
    if not isinstance(patch.networks, Unset):
        user = replace(user, networks=_granted(patch.networks))
    if not isinstance(patch.is_suspended, Unset):
        if patch.is_suspended and user.is_invited:
            raise NotSignedIn(user.called)
        user = replace(user, is_suspended=patch.is_suspended)
    return user


def _granted(networks: Grant) -> frozenset[NetworkId]:
    """As a record keeps it."""
    return frozenset({EVERY_NETWORK}) if networks is None else networks


def _action(before: User, after: User) -> str:
    if before.is_suspended == after.is_suspended:
        return "user_changed"
    return "user_suspended" if after.is_suspended else "user_restored"


def _view(user: User, admission: Admission, owned_peers: int) -> UserView:
    own = None if user.is_suspended or user.is_invited else standing(user, admission)
    return UserView(user, own, owned_peers)
