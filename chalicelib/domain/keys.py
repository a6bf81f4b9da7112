"""Public keys as text, checked before they are stored or stand in a config."""

import base64
import binascii

from chalicelib.domain.errors import Invalid

KEY_BYTES = 32  # Curve25519 and Ed25519 alike


def parse_public_key(field: str, text: str) -> str:
    """Accept 32 bytes in canonical base64, the form `wg pubkey` prints; not all zero."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES or base64.b64encode(raw).decode() != text or not any(raw):
        raise Invalid([(field, "This is no public key: 32 bytes in base64, 44 characters, as `wg pubkey` prints it.")])
    return text
