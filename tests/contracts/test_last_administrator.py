"""However many administrators are removed, demoted and suspended at once, one stays."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.adapters.memory.identity import MemoryPool
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.adapters.system import SystemClock, SystemRandomness
from chalicelib.application.identity.users import UserPatch, Users
from chalicelib.application.retry import retry_on_conflict
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.errors import Busy
from chalicelib.domain.identity.errors import LastAdministrator
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Admission, User
from chalicelib.domain.identity.writes import EnterAdministrators, PutUser
from chalicelib.domain.ids import PrincipalId
from tests.builders import ADMINISTRATOR, T0

ADMINISTRATORS = 8
PATIENCE = 20  # times a busy answer is asked again, as a caller would
BY_GROUP = User(PrincipalId("usr_0"), "https://idp", "0", None, None, T0, group_role=Role.ADMINISTRATOR)


def users_over(outside: Outside) -> Users:
    stores = (outside.users, outside.accounts, outside.networks, MemoryPool, outside.transactions)
    return Users(*stores, Admission(None, None), SystemClock(), SystemRandomness())


def administrators(outside: Outside) -> list[User]:
    """Some by their record, the others by a group of their provider."""
    made = []
    for number in range(ADMINISTRATORS):
        user = replace(BY_GROUP, id=PrincipalId(f"usr_{number}"), subject=str(number), is_administrator=True)
        if number % 2:
            user = replace(user, group_role=None, role=Role.ADMINISTRATOR)
        commit = Commit(None, (PutUser(user), EnterAdministrators(user.id)))
        retry_on_conflict(SystemClock(), partial(outside.transactions.commit, commit))
        made.append(user)
    return made


def went(users: Users, user: User, number: int) -> bool:
    """Whether one could be removed, suspended or narrowed; False: they were the last."""
    for _ in range(PATIENCE):
        try:
            match number % 3:
                case 0:
                    users.remove(user.id, ADMINISTRATOR)
                case 1:
                    users.change(user.id, UserPatch(is_suspended=True), ADMINISTRATOR)
                case _:
                    users.change(user.id, UserPatch(networks=frozenset()), ADMINISTRATOR)
        except Busy:
            continue
        except LastAdministrator:
            return False
        return True
    raise AssertionError("busy for ever")


def assert_one_stays(outside: Outside) -> None:
    made, users = administrators(outside), users_over(outside)

    with ThreadPoolExecutor(ADMINISTRATORS) as pool:
        gone = list(pool.map(lambda n: went(users, made[n], n), range(ADMINISTRATORS)))

    [left] = outside.users.administrators()
    assert gone.count(False) == 1
    assert made[gone.index(False)].id == left
    stored = outside.users.get(left)
    assert stored is not None
    assert stored.is_administrator


def test_one_administrator_stays(shared_outside: Outside) -> None:
    assert_one_stays(shared_outside)


@pytest.mark.parametrize("seed", range(5))
def test_one_administrator_stays_over_a_store_that_is_hostile(seed: int) -> None:
    assert_one_stays(MemoryOutside(Adversary(seed, conflicts=0.3)))
