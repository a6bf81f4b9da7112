"""The deployment's signing keys: the one that signs, and the successor that every bundle names."""

import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.domain.network.network import SealedSecret


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`seed`: the 32 bytes of a private key (RFC 8032 section 5.1.5), sealed. `public`: base64."""

    seed: SealedSecret
    public: str


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """`number` rises with each rotation. What `successor` signs is believed by every agent that had
    a bundle since it became the successor."""

    number: int
    current: SigningKey
    successor: SigningKey


def public_key_of(seed: bytes) -> str:
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).decode()


def signature(seed: bytes, statement: bytes) -> str:
    """Ed25519, base64."""
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).sign(statement)).decode()
