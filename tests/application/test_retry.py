"""What a use case is told when its commit did not come through."""

import pytest

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.retry import ATTEMPTS, PATIENCE_S, retry_on_conflict
from chalicelib.domain.change.writes import Claim, Commit, TakeAddress, Write
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.peer.errors import KeyInUse
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import a_network
from tests.contracts.stores import change

LAB = a_network()
MINE = PeerId("dyn_1")
ADDRESS = TakeAddress(LAB.id, MINE, Allocation(7))
KEY = Claim(LAB.id, "key", "taken", MINE)


class Attempts:
    """Fails in these ways, one after the other; then answers how often it was made."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return self.made


def refused(write: Write) -> ConditionFailed:
    return ConditionFailed(Commit(change(LAB), (write,)), write)


def test_what_moved_is_decided_again() -> None:
    assert retry_on_conflict(MemoryOutside().clock, Attempts(CommitConflict(), CommitConflict())) == 3


def test_a_place_that_another_took_is_chosen_again_when_nobody_asked_for_it() -> None:
    assert retry_on_conflict(MemoryOutside().clock, Attempts(refused(ADDRESS), CommitConflict(), refused(ADDRESS))) == 4


def test_a_claim_that_is_taken_is_said_at_once() -> None:
    attempts = Attempts(CommitConflict(), refused(KEY), CommitConflict())

    with pytest.raises(KeyInUse):
        retry_on_conflict(MemoryOutside().clock, attempts)
    assert attempts.made == 2


def test_patience_ends_as_busy_within_bounds() -> None:
    clock, attempts = MemoryOutside().clock, Attempts(*[CommitConflict()] * 1000)
    before = clock.now()

    with pytest.raises(Busy):
        retry_on_conflict(clock, attempts)
    assert attempts.made <= ATTEMPTS
    assert (clock.now() - before).total_seconds() <= 3 * PATIENCE_S


def test_busy_names_what_many_callers_are_changing() -> None:
    with pytest.raises(Busy, match="changing this account at once"):
        retry_on_conflict(MemoryOutside().clock, Attempts(*[CommitConflict()] * 1000), what="this account")


def test_busy_names_the_network_where_nothing_else_is_said() -> None:
    with pytest.raises(Busy, match="changing this network"):
        retry_on_conflict(MemoryOutside().clock, Attempts(*[CommitConflict()] * 1000))


def test_a_failure_of_another_kind_rises_as_it_is() -> None:
    attempts = Attempts(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        retry_on_conflict(MemoryOutside().clock, attempts)
    assert attempts.made == 1
