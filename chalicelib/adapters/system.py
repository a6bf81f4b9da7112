"""Time and randomness of this machine."""

import base64
import random
import secrets
import time
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from ulid import ULID

from chalicelib.domain.ids import Prefix

SECRET_BYTES = 32


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, duration_s: float) -> None:
        time.sleep(duration_s)


class SystemRandomness:
    def new_id(self, prefix: Prefix) -> str:
        return f"{prefix}_{str(ULID()).lower()}"

    def secret(self) -> str:
        return secrets.token_urlsafe(SECRET_BYTES)

    def share(self) -> float:
        return random.random()

    def private_key(self) -> str:
        return base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()

    def public_key(self, private_key: str) -> str:
        key = X25519PrivateKey.from_private_bytes(base64.b64decode(private_key))
        return base64.b64encode(key.public_key().public_bytes_raw()).decode()
