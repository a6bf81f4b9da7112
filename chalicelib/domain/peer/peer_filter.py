"""Which peers of a list are wanted."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.peer.presence import Status


@dataclass(frozen=True, slots=True)
class PeerFilter:
    """None: whatever it is. `q`: a part, by any case, of the name, the DNS label, an address, or the endpoint."""

    kind: Kind | None = None
    status: Status | None = None
    tag: str | None = None
    owner_id: PrincipalId | None = None
    q: str | None = None

    @property
    def is_searching(self) -> bool:
        """Whether peers have to be looked at, which no order of the store puts together."""
        return any(wanted is not None for wanted in (self.status, self.tag, self.owner_id, self.q))

    def matches(self, peer: Peer, addresses: Iterable[object]) -> bool:
        """Whether a peer with these addresses is wanted, as far as is stored of it: its status is asked apart."""
        return (
            self.kind in (None, peer.kind)
            and (self.tag is None or self.tag in peer.tags)
            and self.owner_id in (None, peer.owner_id)
            and (self.q is None or self._finds(peer.name, peer.label, peer.endpoint or "", *map(str, addresses)))
        )

    def _finds(self, *texts: str) -> bool:
        wanted = (self.q or "").casefold()
        return any(wanted in text.casefold() for text in texts)
