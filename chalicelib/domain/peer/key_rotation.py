"""How a peer's key is replaced without dropping a flow, by what its agent says of its keys.

The agent makes a pair and names it; the others hold it as a standby section, without
AllowedIPs; the agent uses it once they do; whoever sees its handshake moves the AllowedIPs
there, and with the agent's word the old key ends. A report may come twice, late, or after a
crash at any step: what it says counts, not how often.
"""

from dataclasses import dataclass, replace

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import KeyInUse
from chalicelib.domain.peer.peer import Peer


@dataclass(frozen=True, slots=True)
class ReportedKeys:
    """What an agent says of its keys. `next_key`: made and saved, not used yet. `epoch`: of the newest
    preshared keys it has saved; None: it says nothing of them."""

    in_use: str
    next_key: str | None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class PskHeld:
    """An agent's word that it has the preshared keys of an epoch on its disk."""

    network_id: NetworkId
    peer_id: PeerId
    epoch: int


def told(network: Network, peer: Peer, held: ReportedKeys) -> Peer:
    """The peer after its agent's word.

    Args:
        network: one revision later.

    Raises:
        KeyInUse: the next key was in use before.
    """
    if held.in_use == peer.staged_key:
        peer = replace(
            peer,
            public_key=peer.staged_key,
            retired_key=peer.public_key,
            staged_key=None,
            staged_since=None,
            rotation=None,
        )
    if held.epoch == network.epoch:  # of an older one the newest bundle will have it speak again
        peer = replace(peer, epoch=network.epoch)
    if held.next_key is None or held.next_key in (peer.public_key, peer.staged_key):
        return peer
    if held.next_key == peer.retired_key:
        raise KeyInUse
    return replace(peer, staged_key=held.next_key, staged_since=network.revision, rotation=None)
