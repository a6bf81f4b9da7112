"""Looking for a change over: only while something is staged, and until it is not."""

from dataclasses import dataclass

from agent.adapters.changeover import Changeover


@dataclass
class FakeTunnel:
    """Its one standby is gone after a number of looks, and then there is no other secret either."""

    left: int
    others: bool = False
    looks: int = 0
    tries: int = 0

    @property
    def has_standbys(self) -> bool:
        return self.looks < self.left

    @property
    def has_others(self) -> bool:
        return self.others

    def carry(self) -> bool:
        self.looks += 1
        return True

    def try_others(self) -> bool:
        self.tries += 1
        self.others = False
        return True


def test_it_looks_again_and_again_until_nothing_is_staged() -> None:
    tunnel = FakeTunnel(left=5)
    changeover = Changeover(tunnel)
    changeover.wake()

    changeover.watch()

    assert tunnel.looks == 5


def test_it_looks_at_nothing_where_nothing_is_staged() -> None:
    tunnel = FakeTunnel(left=0)
    changeover = Changeover(tunnel)
    changeover.wake()

    changeover.watch()

    assert tunnel.looks == 0


def test_other_secrets_are_tried_now_and_then_between_many_looks() -> None:
    tunnel = FakeTunnel(left=50, others=True)
    changeover = Changeover(tunnel)
    changeover.wake()

    changeover.watch()

    assert tunnel.looks == 50
    assert tunnel.tries == 1
