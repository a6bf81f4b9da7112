"""What each partition of a table takes, by the second of the world's clock, as DynamoDB would bill it.

Sizes are those of the items as they are stored, or what is said beside a constant.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from chalicelib.adapters.dynamodb.change import affected_text
from chalicelib.adapters.dynamodb.stored_peer import peer_text
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.difference import texts_of
from chalicelib.domain.change.rollout import FEW
from chalicelib.domain.change.writes import AdvanceNetwork, Commit, PutPeer
from chalicelib.domain.ids import DEPLOYMENT
from chalicelib.domain.peer.peer import Peer

READ_UNITS, WRITE_UNITS = 3_000, 1_000  # a second and partition, DynamoDB quotas
READ_BYTES, WRITE_BYTES = 4_096, 1_024  # of a unit
NETWORK, CLAIM, SOCKET, PRESENCE, TALLY = 1_000, 140, 120, 900, 400  # bytes: items whose size hardly varies
KEYS = 120  # bytes of an item beside what it holds
ID, PACKED_ID = 31, 14  # bytes of an id and the space after it; of one among many, deflated

Units = tuple[str, str, int, int]
"""A table, a key of it, and the read and write units it took."""


@dataclass(slots=True)
class Partitions:
    """`taken`: units by (second, table, key, "read" or "write")."""

    outside: MemoryOutside
    taken: Counter[tuple[int, str, str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for store, methods in COSTS.items():
            for method, cost in methods.items():
                self._meter(getattr(self.outside, store), method, cost)

    def busiest(self, kind: str) -> dict[str, int]:
        """Of each table, the most that one of its partitions took within a second."""
        most: dict[str, int] = {}
        for (_, table, _, known), units in self.taken.items():
            if known == kind:
                most[table] = max(most.get(table, 0), units)
        return most

    def _meter(self, store: object, method: str, cost: "Cost") -> None:
        real = getattr(store, method)

        def metered(*args: Any, **kwargs: Any) -> Any:
            second = int(self.outside.clock.now().timestamp())
            answer = real(*args, **kwargs)
            for table, key, reads, writes in cost(answer, *args):
                self.taken[second, table, key, "read"] += reads
                self.taken[second, table, key, "write"] += writes
            return answer

        setattr(store, method, metered)


Cost = Callable[..., Iterable[Units]]


def _read(table: str, size: Callable[[Any], int]) -> Cost:
    """One request by its first argument, the key of its partition."""
    return lambda answer, key, *_: [(table, key, max(1, ceil(size(answer) / READ_BYTES)), 0)]


def _peers(found: Iterable[Peer]) -> int:
    return sum(_peer(peer) for peer in found)


def _peer(peer: Peer) -> int:
    return KEYS + len(peer_text(peer).encode())


def _change(change: Change) -> int:
    return KEYS + len(affected_text(change.peers).encode()) + len(str(texts_of(change.network)))


def _written(size: int) -> int:
    return max(1, ceil(size / WRITE_BYTES))


def _commit(_: None, commit: Commit) -> Iterable[Units]:
    """A transaction takes twice the units."""
    network = DEPLOYMENT if commit.change is None else commit.change.network_id
    if commit.change is not None:
        yield "changes", network, 0, 2 * _written(_change(commit.change))
    for write in commit.writes:
        match write:
            case AdvanceNetwork():
                yield "networks", network, 0, 2 * _written(NETWORK)
            case PutPeer(record):
                yield "peers", network, 0, 2 * _written(_peer(record.peer))
            case _:
                yield type(write).__name__, network, 0, 2


def _expect(_: None, network: str, concerned: Mapping[Any, Any], *__: object) -> Iterable[Units]:
    for expected in concerned.values():
        agents = len(expected.agents)
        yield "changes", network, 0, _written(KEYS + min(agents, FEW) * ID)
        if agents > FEW:
            yield "changes", network, 0, _written(KEYS + agents * PACKED_ID)


def _count(_: None, network: str, marks: Iterable[Any], *__: object) -> Iterable[Units]:
    known = list(marks)
    yield from (("presence", mark.peer_id, 0, 2) for mark in known)
    for at in range(0, len(known), 99):
        yield from (("changes", network, 0, 2) for _ in {mark.revision for mark in known[at : at + 99]})


def _own(_: object, peer_id: str, *__: object) -> Iterable[Units]:
    return [("presence", peer_id, 0, 1)]


def _sighted(_: object, __: str, seen: Mapping[str, object], *___: object) -> Iterable[Units]:
    return [("presence", peer_id, 0, 1) for peer_id in seen]


COSTS: Mapping[str, Mapping[str, Cost]] = {
    "networks": {"get": _read("networks", lambda _: NETWORK)},
    "peers": {
        "get": _read("peers", lambda record: _peer(record.peer)),
        "all": _read("peers", _peers),
        "jumps": _read("peers", _peers),
        "keyed": _read("peers", lambda found: len(found) * CLAIM),
        "records_of": lambda found, key, *_: [("peers", key, ceil(_peer(one.peer) / READ_BYTES), 0) for one in found],
    },
    "changes": {
        "between": _read("changes", lambda found: sum(map(_change, found))),
        "page": _read("changes", lambda found: sum(map(_change, found))),
    },
    "rollouts": {
        "expect": _expect,
        "rollouts": _read("changes", lambda found: len(found) * (TALLY + KEYS + FEW * ID)),
        "concerned": _read("changes", lambda found: len(found) * PACKED_ID),
        "count": _count,
    },
    "presence": {"note_heartbeat": _own},
    "progress": {
        "of": _read("presence", lambda _: PRESENCE),
        "raise_wanted": lambda _, revisions: [("presence", peer_id, 0, 1) for peer_id in revisions],
        "note_applied": _own,
    },
    "sightings": {
        "of": lambda _, __, known: [("presence", peer_id, 1, 0) for peer_id in known],
        "keep": _sighted,
    },
    "facts": {"insert": lambda _, *facts: [("presence", fact.peer_id, 0, 1) for fact in facts]},
    "connections": {
        "of_agents": _read("sockets", lambda found: len(found) * SOCKET),
        "of_browsers": _read("sockets", lambda found: len(found) * SOCKET),
    },
    "transactions": {"commit": _commit},
}
