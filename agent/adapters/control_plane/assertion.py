"""The assertion by which an agent opens a session, signed with its device key."""

import base64

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.wire.agent import ASSERTION_ALGORITHM, AssertionClaims
from chalicelib.wire.codec import encode


def signed(claims: AssertionClaims, key: Ed25519PrivateKey) -> str:
    """A JWT in the compact form (RFC 7515, section 3.1). By hand: a library for all algorithms is 11 MB of
    memory in every agent, for this one."""
    header = {"alg": ASSERTION_ALGORITHM, "typ": "JWT"}
    said = b".".join(map(_base64url, (msgspec.json.encode(header), encode(claims))))
    return b".".join((said, _base64url(key.sign(said)))).decode()


def _base64url(raw: bytes) -> bytes:
    """Without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
