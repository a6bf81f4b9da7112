"""Ranges of the deployment, as decisions need them; whose they are is said to those who may see it.

Requests: 1 for up to 100 blocks, none for none; a refusal 1 more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from chalicelib.domain.change.writes import WriteBlock
from chalicelib.domain.cidr import Cidr
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Sighted
from chalicelib.domain.network.directory import Directory, Held, RangeTaken, blocks_of
from chalicelib.domain.network.errors import CidrInUse, NetworksOverlap
from chalicelib.domain.peer.errors import EndpointInUse
from chalicelib.domain.peer.peer import Peer
from chalicelib.ports.network import NetworkStore


@dataclass(frozen=True, slots=True)
class Ranges:
    networks: NetworkStore

    def around(self, cidrs: Iterable[Cidr], endpoints: Iterable[str | None] = ()) -> Directory:
        """The blocks of ranges and of endpoints that are addresses, as stored."""
        blocks = blocks_of(cidrs).union(*(blocks_of((), endpoint) for endpoint in endpoints))
        return self.networks.directory(blocks)

    def behind(self, peers: Collection[Peer]) -> Directory:
        """The blocks of what stands behind peers."""
        return self.around(cidr for peer in peers for cidr in peer.additional_allowed_ips)

    def overlap(self, taken: RangeTaken, by: Sighted) -> NetworksOverlap:
        """Why a network cannot have a range."""
        return NetworksOverlap(str(taken.asked), self._said(taken.held, by))

    def conflict(self, taken: RangeTaken, by: Sighted) -> CidrInUse | EndpointInUse:
        """Why a peer cannot have a CIDR behind it, or its endpoint."""
        held = self._said(taken.held, by)
        if isinstance(taken.asked, str):
            return EndpointInUse(taken.asked, held)
        return CidrInUse(str(taken.asked), f"it meets {held}")

    def _said(self, held: Held, by: Sighted) -> str:
        if not by.sees(held.network_id):
            return "a range of this deployment"
        if held.peer_id is not None:
            return f"{held.cidr} behind peer {held.peer_id}"
        try:
            return f"{held.cidr} of network {self.networks.get(held.network_id).name}"
        except NetworkNotFound:
            return f"{held.cidr} of a network that is being deleted"


def writes_of(directory: Directory) -> tuple[WriteBlock, ...]:
    return tuple(map(WriteBlock, directory.changed()))
