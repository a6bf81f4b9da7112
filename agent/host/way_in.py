"""Whether a change of this host would end the session in which its owner asks for it; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from agent.host.prefixes import Prefix
from agent.host.results import PlannedChanges
from agent.host.tunnel.wanted import WantedTunnel


@dataclass(frozen=True, slots=True)
class Session:
    """Over which the command was given: from where, and to which address of this host."""

    client: IPv4Address | IPv6Address
    host: IPv4Address | IPv6Address


def ends_session(
    session: Session, wanted: WantedTunnel, prospect: PlannedChanges, local: Iterable[Prefix]
) -> Iterable[str]:
    """Whether answers to the session would go another way than they do, and so nowhere.

    `local`: the subnets of this host's other interfaces, which stay reachable.
    """
    if any(session.host == address.ip for address in wanted.addresses):
        return  # it goes through the tunnel already
    if any(_is_in(session.client, subnet) for subnet in local) or session.client.is_loopback:
        return
    route = next((route for route in prospect.new_routes if _is_in(session.client, route)), None)
    if prospect.is_sealing:
        yield (
            f"this ends the SSH session from {session.client}: everything would go into the tunnel, answers to it too."
            " Have another way in: the console of the machine, its local network, or SSH to its address in the tunnel"
        )
    elif route is not None:
        yield (
            f"this ends the SSH session from {session.client}: {route} would go into the tunnel, answers to it too."
            " Come in from elsewhere, or by this host's address in the tunnel"
        )


def _is_in(address: IPv4Address | IPv6Address, prefix: Prefix) -> bool:
    return address.version == prefix.version and address in prefix
