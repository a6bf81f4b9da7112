"""The rest of the outside: queue, gateway, dead letters, clock, randomness."""

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from chalicelib.adapters.notices import frame_of
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.failover import Errand
from chalicelib.domain.ids import ConnectionId, NetworkId, Prefix
from chalicelib.domain.network import SealedSecret
from chalicelib.domain.notice import Notice
from chalicelib.domain.rotation import PskHeld
from chalicelib.domain.user import Claims
from chalicelib.ports import Check, Clock, Missed, Push

Frame = tuple[str, object]
MOST_DELAY = timedelta(minutes=15)  # SQS, DelaySeconds


class MemoryQueue:
    """Messages wait in `messages`, delayed ones in `delayed`, and what is to be checked in `checks`."""

    def __init__(self) -> None:
        self.messages: list[Push] = []
        self.delayed: list[Push] = []
        self.checks: list[Check] = []

    def send(self, pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None:
        (self.delayed if delay else self.messages).extend(pushes)

    def remind(self, check: Check, delay: timedelta) -> None:
        self.checks.append(check)


class MemoryErrands:
    """`waiting`: each errand with when it is due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting: list[tuple[datetime, Errand]] = []

    def put(self, errand: Errand, delay: timedelta = timedelta(0)) -> None:
        if delay > MOST_DELAY:
            raise ValueError(f"SQS delays a message by {MOST_DELAY} at most")
        self.waiting.append((self._clock.now() + delay, errand))


class MemoryGateway:
    """`open` are the connections it knows; `sent` what each got; `ill` those with which it fails for now;
    `dismissed`: those it closed, with when they are to come back."""

    def __init__(self) -> None:
        self.open: set[ConnectionId] = set()
        self.sent: dict[ConnectionId, list[object]] = {}
        self.ill: set[ConnectionId] = set()
        self.dismissed: dict[ConnectionId, int] = {}

    def tell(self, connection_ids: Collection[ConnectionId], notice: Notice) -> Missed:
        frame, failed = frame_of(notice, generation=1), self.ill & set(connection_ids)
        return Missed(
            frozenset(known for known in connection_ids if known not in failed and not self.post(known, frame)),
            frozenset(failed),
        )

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        if connection_id not in self.open:
            return False
        self.sent.setdefault(connection_id, []).append(frame)
        return True

    def dismiss(
        self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"], retry_in_s: int = 0
    ) -> bool:
        if connection_id in self.ill:
            return False
        self.dismissed[connection_id] = retry_in_s
        self.post(connection_id, ("bye", reason))
        self.open.discard(connection_id)
        return True


class MemoryHeld:
    """`waiting`: what agents said and nobody took yet."""

    def __init__(self) -> None:
        self.waiting: list[PskHeld] = []

    def put(self, word: PskHeld) -> None:
        self.waiting.append(word)


class MemoryRemovals:
    """Networks whose removal was asked for, in order. `turns`: the latest of each."""

    def __init__(self) -> None:
        self.started: list[NetworkId] = []
        self.turns: dict[NetworkId, int] = {}

    def start(self, network_id: NetworkId, turn: int = 0) -> None:
        self.started.append(network_id)
        self.turns[network_id] = turn


class MemoryRedelivery:
    """`waits_s`: by receipt, when messages that failed are seen again."""

    def __init__(self) -> None:
        self.waits_s: dict[str, int] = {}

    def after(self, source: str, waits_s: Mapping[str, int]) -> None:
        self.waits_s.update(waits_s)


class MemoryVault:
    """A seal that opens for its network alone."""

    def __init__(self) -> None:
        self._count = 0

    def seal_new(self, network_id: NetworkId) -> SealedSecret:
        self._count += 1
        return SealedSecret(f"{network_id} {self._count}".encode())

    def open(self, network_id: NetworkId, secret: SealedSecret) -> bytes:
        if secret.sealed.split()[0] != network_id.encode():
            raise ValueError("the seal is another network's")
        return hashlib.sha256(secret.sealed).digest()


class MemoryDeadLetters:
    def __init__(self) -> None:
        self.buried: list[tuple[Mapping[str, object], str]] = []

    def bury(self, record: Mapping[str, object], reason: str) -> None:
        self.buried.append((record, reason))


class MemoryIdentities:
    """`known` are the tokens the provider would vouch for."""

    def __init__(self) -> None:
        self.known: dict[str, Claims] = {}

    def verify(self, token: str) -> Claims:
        if token not in self.known:
            raise Unauthenticated("This is no token of the identity provider. Sign in again.")
        return self.known[token]


class SteppedClock:
    """Stands still until told, or until somebody sleeps."""

    def __init__(self, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def sleep(self, duration_s: float) -> None:
        self.advance(timedelta(seconds=duration_s))

    def advance(self, by: timedelta) -> None:
        self._at += by


class CountedRandomness:
    """The first id is 1, the second 2; keys and secrets are hashes of the count."""

    def __init__(self) -> None:
        self._count = 0

    def new_id(self, prefix: Prefix) -> str:
        return f"{prefix}_{self._next():026d}"

    def secret(self) -> str:
        return hashlib.sha256(f"secret {self._next()}".encode()).hexdigest()

    def share(self) -> float:
        return self._next() * 0.618 % 1  # spread evenly

    def private_key(self) -> str:
        return base64.b64encode(hashlib.sha256(f"private {self._next()}".encode()).digest()).decode()

    def public_key(self, private_key: str) -> str:
        return base64.b64encode(hashlib.sha256(private_key.encode()).digest()).decode()

    def _next(self) -> int:
        self._count += 1
        return self._count
