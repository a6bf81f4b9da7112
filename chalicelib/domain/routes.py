"""What may stand behind a peer, and where a jump's endpoint may lie."""

from collections.abc import Iterable
from ipaddress import ip_address

from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import CidrInUse
from chalicelib.domain.peer import Peer
from chalicelib.domain.tunnel import touches_endpoint


def require_clear(peer: Peer, directory: Directory, jumps: Iterable[Peer]) -> None:
    """Refuse a route that would swallow a tunnel: no CIDR contains a jump's endpoint.

    Raises:
        CidrInUse: a CIDR behind the peer contains the endpoint of a jump, itself or another.
        RangeTaken: the peer's endpoint lies in a network, or in a CIDR behind a peer of its network.
    """
    for jump in (peer, *(jump for jump in jumps if jump.id != peer.id)):
        for cidr in peer.additional_allowed_ips:
            if touches_endpoint(cidr, jump.endpoint):
                raise CidrInUse(str(cidr), f"it contains {jump.endpoint}, the endpoint of jump {jump.name}")
    if peer.endpoint is not None and is_address(peer.endpoint):
        directory.require_outside(peer.endpoint, peer.id, peer.network_id)


def is_address(endpoint: str) -> bool:
    """Whether an endpoint is an address, rather than a name that may lead anywhere."""
    try:
        ip_address(endpoint)
    except ValueError:
        return False
    return True
