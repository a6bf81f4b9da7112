"""Key pairs made on the host: WireGuard's (X25519) and the device's (Ed25519), as base64."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32


def new_wireguard_key() -> str:
    """Make a private key as `wg genkey` prints it."""
    raw = bytearray(X25519PrivateKey.generate().private_bytes_raw())
    raw[0] &= 248  # clamped, so that `wg` shows the same text: Curve25519, section 3
    raw[31] = (raw[31] & 127) | 64
    return _text(bytes(raw))


def wireguard_public_key(private_key: str) -> str:
    private = X25519PrivateKey.from_private_bytes(_raw(private_key))
    return _text(private.public_key().public_bytes_raw())


def new_device_key() -> str:
    return _text(Ed25519PrivateKey.generate().private_bytes_raw())


def device_signer(device_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_raw(device_key))


def device_public_key(device_key: str) -> str:
    return _text(device_signer(device_key).public_key().public_bytes_raw())


def is_key(text: str) -> bool:
    """Whether the text is the canonical base64 of 32 bytes, as WireGuard writes keys."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return len(raw) == KEY_BYTES and _text(raw) == text


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
