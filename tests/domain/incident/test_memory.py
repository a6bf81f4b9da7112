"""What is remembered of a peer is one item: bounded, and the same after it was stored."""

from dataclasses import replace
from random import Random

import msgspec
import pytest

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.evidence import HostIdentity, Observer
from chalicelib.domain.incident.memory import MOST_BYTES, MOST_OBSERVERS, Memory
from tests.domain.incident.facts import PARIS, PEER, a_beat, a_look, a_statement, told


def stored(memory: Memory) -> bytes:
    return msgspec.json.encode(memory)


def flooded() -> Memory:
    """As many facts of every kind as fill everything, with the longest words that facts may have."""
    rng = Random(7)
    memory = Memory(PEER)
    observers = [Observer(PeerId(f"jmp_{i:064}"), "j" * 63, PARIS.started_at) for i in range(2 * MOST_OBSERVERS)]
    places = [f"[2001:db8:ffff:ffff:{i:04x}:ffff:ffff:ffff]:{60_000 + i}" for i in range(40)]
    for i in range(12_000):
        observer = observers[i % 8 if i > 4_000 else i % len(observers)]
        look = a_look(i / 10, rng.choice(places), i // 300 * 30, seq=i, observer=observer, instance="i" * 256)
        memory, _ = told([look], memory=memory)
    for i in range(200):
        host = HostIdentity("h" * 250 + str(i % 7), "o" * 256, "m" * 256)
        memory, _ = told([a_beat(i, f"{i % 12:0256}", echo=i, host=host), a_statement(i + 2_000, ())], memory=memory)
    return memory


def test_it_is_bounded_however_many_facts_arrive() -> None:
    memory = flooded()

    assert len(memory.watched) == MOST_OBSERVERS
    assert MOST_BYTES / 5 < len(stored(memory)) <= MOST_BYTES


@pytest.mark.parametrize("memory", [Memory(PEER), flooded()])
def test_it_is_the_same_after_it_was_stored(memory: Memory) -> None:
    assert msgspec.json.decode(stored(memory), type=Memory) == memory


def test_a_known_observer_takes_no_other_place() -> None:
    memory, _ = told([a_look(0), a_look(1)])

    again = memory.with_watched(replace(memory.watched[0], name="lutetia"))

    assert [one.name for one in again.watched] == ["lutetia"]
