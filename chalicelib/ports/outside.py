"""The clock, chance, and the vault of secrets."""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.ids import NetworkId, Prefix
from chalicelib.domain.network.network import SealedSecret


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def sleep(self, duration_s: float) -> None: ...


class Randomness(Protocol):
    def new_id(self, prefix: Prefix) -> str:
        """`prefix_` and 26 characters that sort by time."""
        ...

    def secret(self) -> str:
        """256 random bits, URL-safe."""
        ...

    def private_key(self) -> str:
        """A WireGuard private key, base64."""
        ...

    def share(self) -> float:
        """Of a wait, from 0 up to 1: so that what failed together is not tried again together."""
        ...

    def public_key(self, private_key: str) -> str: ...


class Vault(Protocol):
    """Secrets sealed by the deployment's key; what is sealed for one network opens for no other."""

    def seal_new(self, network_id: NetworkId) -> SealedSecret:
        """Seal 256 new random bits."""
        ...

    def open(self, network_id: NetworkId, secret: SealedSecret) -> bytes: ...
