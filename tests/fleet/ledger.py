"""Every revision of a network as it was committed: what bundles are held against."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.bundle.bundle import bundle_of
from chalicelib.domain.bundle.snapshot import Snapshot
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.psk import preshared_keys
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.wire.codec import content_of, encode
from tests.world import World

GENERATION = 1


@dataclass(frozen=True)
class Page:
    network: Network
    peers: dict[PeerId, Peer]
    acl: Acl


@dataclass
class Ledger:
    """Looks over the shoulder of every commit."""

    world: World
    pages: dict[tuple[NetworkId, Revision], Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        outside = self.world.outside
        commit = outside.transactions.commit

        def committed(wanted: Commit) -> None:
            commit(wanted)
            if wanted.change is None:
                return
            tables, network_id = outside.tables, wanted.change.network_id
            network = tables.networks.get(network_id)
            if network is not None:
                peers = {known: record.peer for (of, known), record in tables.peers.items() if of == network_id}
                acl = tables.acls.get(network_id, Acl(network_id, 0, ()))
                self.pages[network_id, wanted.change.revision] = Page(network, peers, acl)

        outside.transactions.commit = committed  # type: ignore[method-assign, assignment]

    def content(self, network_id: str, peer_id: str, revision: int) -> dict[str, Any] | None:
        """The whole bundle of a peer at a revision; None: it was not there."""
        page = self.pages[NetworkId(network_id), Revision(revision)]
        own = page.peers.get(PeerId(peer_id))
        if own is None:
            return None
        secret = self.world.outside.vault.open(page.network.id, page.network.secret)
        snapshot = Snapshot(page.network, own, tuple(page.peers.values()), page.acl)
        rendered = bundle_of(snapshot, preshared_keys(secret))
        successor = self.world.container.signing.keys().successor.public
        return content_of(encode(shown(rendered, GENERATION, successor)))
