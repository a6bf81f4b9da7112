"""A network, and how tests of any store write to it."""

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.writes import (
    AdvanceNetwork,
    Commit,
    Write,
)
from chalicelib.domain.ids import PeerId, PrincipalId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Host, Peer
from tests.builders import T0, a_network

LAB = a_network("10.0.0.0/24", "fd00::/64", dns=("10.0.0.53",))
HOST = Host("web-1", "linux", "0.1.0")


def change(network: Network, before: Peer | None = None, after: Peer | None = None) -> Change:
    affected = () if before is after is None else (Affected(before, after),)
    return Change(network.id, network.revision, T0, PrincipalId("tok_1"), What.PEER_CREATED, affected)


def commit(outside: Outside, network: Network, *writes: Write) -> None:
    outside.transactions.commit(Commit(change(network), writes))


def advance(outside: Outside, network: Network, *writes: Write) -> Network:
    """Commit writes as the network's next revision."""
    later = network.advanced(T0)
    commit(outside, later, AdvanceNetwork(later), *writes)
    return later


def wanted(outside: Outside, peer_id: PeerId) -> Revision | None:
    """The newest revision that an agent should run; None: no such agent."""
    presence = outside.presence.of([peer_id]).get(peer_id)
    return None if presence is None else presence.wanted
