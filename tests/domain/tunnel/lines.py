"""Tunnels of peers, and what their sections let through."""

from collections.abc import Iterable

from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.sections import Tunnel, jump_tunnel, regular_tunnel
from tests.builders import a_network
from tests.domain.populations import PSK, Population

LAB = a_network("10.0.0.0/24", "fd00::/64")


def of_regular(peer: Peer, jumps: list[Peer], routers: Iterable[Peer] = (), network: Network = LAB) -> Tunnel:
    return regular_tunnel(network, peer, jumps, routers, PSK)


def of_jump(jump: Peer, peers: list[Peer], network: Network = LAB) -> Tunnel:
    return jump_tunnel(network, jump, peers, PSK)


def allowed(tunnel: Tunnel) -> dict[str, list[str]]:
    return {section.peer_id: [str(cidr) for cidr in section.allowed_ips] for section in tunnel.sections}


def everyone(population: Population) -> dict[str, Tunnel]:
    return {peer.id: population.bundle(peer).tunnel for peer in population.peers}
