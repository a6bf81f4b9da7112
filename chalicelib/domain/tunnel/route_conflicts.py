"""What may stand behind a peer, where a jump's endpoint may lie, and what IPv6 asks of a tunnel."""

from collections.abc import Iterable

from chalicelib.domain.errors import Invalid, listed
from chalicelib.domain.network.directory import Directory
from chalicelib.domain.network.errors import CidrInUse
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import IPV6_MTU, Peer
from chalicelib.domain.text import hides, is_address
from chalicelib.domain.tunnel.sections import touches_endpoint


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


def require_name_outside(network: Network, endpoint: str | None) -> None:
    """Refuse an endpoint's name under the network's own domain: there jumps answer for peers alone, so nobody
    in the network could ask for it."""
    if endpoint is None or not hides(network.domain, endpoint):
        return
    why = f"{endpoint} lies under {network.domain}, the domain of this network, so peers could not ask for it."
    remedy = "Choose a name outside it, give an address, or change the network's domain first."
    raise Invalid([("endpoint", f"{why} {remedy}")])


def require_mtu(network: Network, peer: Peer) -> None:
    """Raises Invalid: packets of the peer's tunnel are smaller than IPv6, which the network has, allows."""
    if network.cidr_v6 is not None and peer.is_too_small_for_ipv6:
        raise Invalid([("mtu", f"{peer.mtu} does not fit: this network has IPv6, which needs at least {IPV6_MTU}.")])


def require_domain_beside(domain: str, hosts: Iterable[str]) -> None:
    """Refuse a network's domain that hides a host that peers must find.

    Args:
        hosts: names or addresses.
    """
    hidden = sorted({host for host in hosts if hides(domain, host)})
    if hidden:
        remedy = "Choose another domain, for example one under .internal."
        raise Invalid(
            [("domain", f"With {domain} peers could not ask for {listed(hidden)} any more: it lies in it. {remedy}")]
        )
