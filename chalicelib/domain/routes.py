"""What may stand behind a peer, and where a jump's endpoint may lie."""

from collections.abc import Iterable
from ipaddress import ip_address

from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import CidrInUse, EndpointInUse
from chalicelib.domain.network import Network
from chalicelib.domain.peer import Peer
from chalicelib.domain.tunnel import touches_endpoint


def require_clear(network: Network, peer: Peer, directory: Directory, jumps: Iterable[Peer]) -> None:
    """Refuse a route that would swallow a tunnel: no CIDR contains a jump's endpoint.

    Raises:
        CidrInUse: a CIDR behind the peer contains the endpoint of a jump, itself or another.
        EndpointInUse: the peer's endpoint lies in a network, or in a CIDR behind a peer of its network.
    """
    for jump in (peer, *(jump for jump in jumps if jump.id != peer.id)):
        for cidr in peer.additional_allowed_ips:
            if touches_endpoint(cidr, jump.endpoint):
                raise CidrInUse(str(cidr), f"it contains {jump.endpoint}, the endpoint of jump {jump.name}")
    require_endpoint_outside(network, peer.endpoint, directory, peer)


def require_endpoint_outside(network: Network, endpoint: str | None, directory: Directory, owner: Peer) -> None:
    """Refuse an endpoint that lies in a network, or in a CIDR behind another peer of its own network."""
    if endpoint is None:
        return
    for entry in directory.networks.values():
        for cidr in entry.cidrs:
            if touches_endpoint(cidr, endpoint):
                raise EndpointInUse(endpoint, str(cidr), f"network {entry.name}")
    for behind in directory.behind(network.id):
        if behind.peer_id != owner.id and touches_endpoint(behind.cidr, endpoint):
            raise EndpointInUse(endpoint, str(behind.cidr), f"peer {behind.peer_id}")


def is_address(host: str) -> bool:
    """Whether a host is an address, rather than a name that may lead anywhere."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
