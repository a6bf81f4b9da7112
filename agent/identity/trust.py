"""Which signatures count: the deployment's key, pinned at enrolment, and the successor it named.

What the successor has signed once replaces the key before it, which then counts for what
lies on the disk alone.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.errors import SignatureInvalid
from chalicelib.wire.signing import Subject


class Keyring(msgspec.Struct, frozen=True, kw_only=True):
    """Public keys (Ed25519, base64). `pinned`: the one of the enrolment these came from."""

    pinned: str
    current: str
    successor: str | None = None
    former: str | None = None


@dataclass(slots=True)
class Trust:
    """`save` is called with every keyring before anything is done on its word."""

    keyring: Keyring
    save: Callable[[Keyring], None]

    def check(self, subject: Subject, body: bytes, signature: str) -> None:
        """Check what came from the control plane.

        Raises:
            SignatureInvalid.
        """
        ring = self.keyring
        if _is_by(ring.current, subject, body, signature):
            return
        if ring.successor is None or not _is_by(ring.successor, subject, body, signature):
            raise SignatureInvalid(subject.kind)
        self._keep(msgspec.structs.replace(ring, current=ring.successor, successor=None, former=ring.current))

    def check_kept(self, subject: Subject, body: bytes, signature: str) -> None:
        """Check what lies on the disk, where the last key's signatures may stand.

        Raises:
            SignatureInvalid.
        """
        ring = self.keyring
        keys = filter(None, (ring.current, ring.successor, ring.former))
        if not any(_is_by(key, subject, body, signature) for key in keys):
            raise SignatureInvalid(subject.kind)

    def name_successor(self, key: str) -> None:
        """Take the successor that a bundle names, whose signature was checked."""
        if key not in (self.keyring.successor, self.keyring.current):
            self._keep(msgspec.structs.replace(self.keyring, successor=key))

    def _keep(self, keyring: Keyring) -> None:
        self.save(keyring)
        self.keyring = keyring


def _is_by(key: str, subject: Subject, body: bytes, signature: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(base64.b64decode(signature, validate=True), subject.statement(body))
    except (InvalidSignature, ValueError):  # binascii.Error is one
        return False
    return True
