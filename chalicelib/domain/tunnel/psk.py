"""Preshared keys: derived for each pair from one secret of the network, stored nowhere."""

import base64
import hmac
from collections.abc import Callable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
LABEL = b"wirety preshared key v1"

PresharedKeys = Callable[[str, str, int], str]


def preshared_keys(secret: bytes) -> PresharedKeys:
    """The preshared key of two public keys and an epoch, in base64, whichever of the two asks.

    Source: RFC 5869 (HKDF-SHA-256), without salt: the secret is uniformly random.
    """

    extracted = hmac.digest(bytes(SHA256.digest_size), secret, "sha256")  # once, for all pairs

    def of(one: str, other: str, epoch: int) -> str:
        first, second = sorted((base64.b64decode(one), base64.b64decode(other)))
        info = LABEL + first + second + epoch.to_bytes(8, "big")
        return base64.b64encode(HKDFExpand(SHA256(), KEY_BYTES, info).derive(extracted)).decode()

    return of
