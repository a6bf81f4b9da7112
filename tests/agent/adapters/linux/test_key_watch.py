"""Looking for a change over: only while something is staged, and until it is not."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from agent.adapters.linux import key_watch
from agent.adapters.linux.key_watch import EAGER_FOR_S, EAGER_S, PATIENT_S, Changeover


@dataclass
class FakeTunnel:
    """Its one standby is gone after a number of looks, and then there is no other secret either."""

    left: int
    others: bool = False
    keys: tuple[str, ...] = ("key",)
    looks: int = 0
    tries: int = 0

    @property
    def staged(self) -> Collection[str]:
        return self.keys if self.looks < self.left else ()

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


@dataclass
class Waits:
    """An event that passes the time it is waited for, and remembers it."""

    at_s: float = 1000.0
    waited_s: list[float] = field(default_factory=list)

    def wait(self, timeout_s: float) -> None:
        self.waited_s.append(timeout_s)
        self.at_s += timeout_s

    def set(self) -> None: ...

    def clear(self) -> None: ...


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """All time that passes."""
    passing = Waits()
    monkeypatch.setattr(key_watch, "monotonic", lambda: passing.at_s)
    return passing


def test_it_looks_again_and_again_until_nothing_is_staged(waits: Waits) -> None:
    tunnel = FakeTunnel(left=5)
    changeover = Changeover(tunnel, tunnel, _woken=waits)  # type: ignore[arg-type]
    changeover.wake()

    changeover.watch()

    assert tunnel.looks == 5


def test_it_looks_at_nothing_where_nothing_is_staged(waits: Waits) -> None:
    tunnel = FakeTunnel(left=0)
    changeover = Changeover(tunnel, tunnel, _woken=waits)  # type: ignore[arg-type]
    changeover.wake()

    changeover.watch()

    assert tunnel.looks == 0


def test_other_secrets_are_tried_now_and_then_between_many_looks(waits: Waits) -> None:
    tunnel = FakeTunnel(left=50, others=True)
    changeover = Changeover(tunnel, tunnel, _woken=waits)  # type: ignore[arg-type]
    changeover.wake()

    changeover.watch()

    assert tunnel.looks == 50
    assert tunnel.tries == 1


def test_a_key_that_was_staged_long_ago_is_not_looked_for_eagerly_at_each_new_bundle(waits: Waits) -> None:
    tunnel = FakeTunnel(left=3)
    watching = Changeover(tunnel, tunnel, _woken=waits)  # type: ignore[arg-type]

    def pauses() -> set[float]:
        tunnel.looks, waits.waited_s = 0, []
        watching.wake()
        watching.watch()
        return set(waits.waited_s[:-1])

    first = pauses()
    waits.at_s += EAGER_FOR_S
    again = pauses()
    tunnel.keys = ("key", "another")
    staged_now = pauses()

    assert (first, again, staged_now) == ({EAGER_S}, {PATIENT_S}, {EAGER_S})
