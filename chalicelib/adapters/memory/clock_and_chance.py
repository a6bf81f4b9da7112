"""A clock that tests step, chance that counts, a vault without KMS."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from chalicelib.domain.ids import NetworkId, Prefix
from chalicelib.domain.network.network import SealedSecret


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
