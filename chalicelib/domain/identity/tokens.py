"""Bearer tokens `prefix.record.secret`: they carry the key of their record, so checking one
is a single read. Only a hash of the secret is stored."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal, NewType

from chalicelib.domain.errors import Unauthenticated

Prefix = Literal["wirety_api", "wirety_enroll", "wirety_join", "wirety_agent", "wirety_ticket"]
Secret = NewType("Secret", str)  # SHA-256 (hex) of 256 random bits: nothing to guess, so no slow hash


RECORD = re.compile(r"[0-9a-z_]{1,64}(:[0-9a-z_]{1,64})?\Z")  # an id, or two


@dataclass(frozen=True, slots=True)
class Token:
    """A parsed token. `secret` never leaves the process but in the answer that creates it."""

    prefix: str
    record: str
    secret: str

    def __repr__(self) -> str:
        return f"Token({self.prefix}.{self.record}.***)"

    def text(self) -> str:
        return f"{self.prefix}.{self.record}.{self.secret}"

    def hashed(self) -> Secret:
        return Secret(hashlib.sha256(self.secret.encode()).hexdigest())

    def proves(self, secret: Secret) -> bool:
        return hmac.compare_digest(self.hashed(), secret)


def is_ours(text: str) -> bool:
    """Whether a bearer token is one of these, rather than an identity provider's."""
    return text.startswith("wirety_")


def parse_token(text: str, *expected: Prefix) -> Token:
    """Split a token of one of the expected kinds.

    Raises:
        Unauthenticated: not a token, or one of another kind.
    """
    parts = text.split(".")
    if len(parts) != 3 or not all(parts) or not RECORD.match(parts[1]):
        raise Unauthenticated("This is not a Wirety token.")
    token = Token(*parts)
    if token.prefix not in expected:
        raise Unauthenticated(f"This call does not take a {token.prefix} token, but {' or '.join(expected)}.")
    return token
