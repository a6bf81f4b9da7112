"""What jumps saw of peers."""

from collections.abc import Collection, Mapping
from typing import Protocol

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.presence import Sighting


class SightingStore(Protocol):
    """The latest handshake that the jumps of a network saw of each peer, and where."""

    def of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        """What jumps of this network saw last of each; those never seen are left out. 1 request a hundred."""
        ...

    def keep(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        """Keep each sighting in place of the one before, none for the first; answers whose were kept.

        Of the others a later handshake is known by now, or they awoke by another one. 1 request a 25.
        """
        ...
