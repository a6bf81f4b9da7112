"""What a use case is told when its commit did not come through."""

import pytest

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.retry import ATTEMPTS, PATIENCE_S, decide
from chalicelib.domain.change.writes import Claim, Commit, TakeAddress, Write
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.peer.errors import KeyInUse
from chalicelib.ports.transactions import Moved, Refused
from tests.builders import a_network
from tests.contracts.test_stores import change

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


def refused(write: Write) -> Refused:
    return Refused(Commit(change(LAB), (write,)), write)


def test_what_moved_is_decided_again() -> None:
    assert decide(MemoryOutside().clock, Attempts(Moved(), Moved())) == 3


def test_a_place_that_another_took_is_chosen_again_when_nobody_asked_for_it() -> None:
    assert decide(MemoryOutside().clock, Attempts(refused(ADDRESS), Moved(), refused(ADDRESS))) == 4


def test_a_claim_that_is_taken_is_said_at_once() -> None:
    attempts = Attempts(Moved(), refused(KEY), Moved())

    with pytest.raises(KeyInUse):
        decide(MemoryOutside().clock, attempts)
    assert attempts.made == 2


def test_patience_ends_as_busy_within_bounds() -> None:
    clock, attempts = MemoryOutside().clock, Attempts(*[Moved()] * 1000)
    before = clock.now()

    with pytest.raises(Busy):
        decide(clock, attempts)
    assert attempts.made <= ATTEMPTS
    assert (clock.now() - before).total_seconds() <= 3 * PATIENCE_S


def test_a_failure_of_another_kind_rises_as_it_is() -> None:
    attempts = Attempts(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        decide(MemoryOutside().clock, attempts)
    assert attempts.made == 1
