"""The store of signing keys."""

from typing import Protocol

from chalicelib.domain.bundle.signing import SigningKeys


class SigningKeyStore(Protocol):
    def get(self) -> SigningKeys | None: ...

    def put(self, keys: SigningKeys) -> bool:
        """Keep them after those numbered one less, once however often it is sent; False: others were first."""
        ...
