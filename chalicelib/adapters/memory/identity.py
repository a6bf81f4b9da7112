"""An identity provider that vouches for whom tests name, and a pool that writes to nobody."""

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.user import Claims
from chalicelib.ports.identity import Finding


class MemoryPool:
    """`invited`: who was written to."""

    def __init__(self) -> None:
        self.invited: list[str] = []

    def invite(self, email: str) -> bool:
        self.invited.append(email)
        return True


class MemoryIdentities:
    """`known` are the tokens the provider would vouch for."""

    def __init__(self) -> None:
        self.known: dict[str, Claims] = {}

    def verify(self, token: str) -> Claims:
        if token not in self.known:
            raise Unauthenticated("This is no token of the identity provider. Sign in again.")
        return self.known[token]

    def findings(self) -> list[Finding]:
        return [Finding("discovery", "ok", "The provider is in memory.")]
