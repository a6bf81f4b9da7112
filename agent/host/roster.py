"""Who is who among a network's peers, as the bundle of one host has them; pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import Literal

from agent.host.tunnel.home_failover import home_among
from chalicelib.wire.bundle import Bundle, BundlePeer

Role = Literal["self", "home", "jump", "direct", "client", "carried"]
BLOCKED = "blocked"  # the set of the firewall


@dataclass(frozen=True, slots=True)
class Listed:
    """`addresses`: in the tunnel. `public_key` None: WireGuard here has no such peer; another carries what goes
    there. `role`: `home` carries this host; `client` is carried by this jump, `carried` by somebody else."""

    name: str | None
    peer_id: str | None
    addresses: tuple[str, ...]
    public_key: str | None
    role: Role
    is_blocked: bool = False

    @property
    def title(self) -> str:
        return self.name or self.peer_id or next(iter(self.addresses), "?")


def roster(bundle: Bundle, home: str | None = None) -> list[Listed]:
    """This host first, then by name and id. `home`: the jump that carries this host; None: the bundle's first."""
    own = tuple(text.partition("/")[0] for text in bundle.interface.addresses)
    records = {address: record.name for record in bundle.dns.records for address in record.addresses}
    carrier = home or home_among(bundle.homes, ())
    blocked = [ip_network(cidr) for cidr in bundle.firewall.sets.get(BLOCKED, ())]
    own_name = next((records[one] for one in own if one in records), None)
    listed = [Listed(own_name, bundle.peer_id, own, bundle.interface.public_key, "self", bundle.is_blocked)]
    for peer in bundle.peers:
        addresses = _addresses(peer, bundle.interface.addresses)
        name = next((records[one] for one in addresses if one in records), None)
        is_blocked = any(ip_address(one) in cidr for one in addresses for cidr in blocked)
        listed.append(Listed(name, peer.peer_id, addresses, peer.public_key, _role(bundle, peer, carrier), is_blocked))
    known = {address for one in listed for address in one.addresses}
    others = [record for record in bundle.dns.records if known.isdisjoint(record.addresses)]
    listed += [Listed(record.name, None, tuple(record.addresses), None, "carried") for record in others]
    return [listed[0], *sorted(listed[1:], key=lambda one: (one.name or "~", one.peer_id or "", one.addresses))]


def name_servers(bundle: Bundle, listed: Iterable[Listed]) -> tuple[str, ...]:
    """Who answers for the network's names: as the bundle says, else the jumps, the home first."""
    if bundle.dns.resolvers:
        return tuple(bundle.dns.resolvers)
    jumps = sorted((one for one in listed if one.role in ("home", "jump")), key=lambda one: one.role != "home")
    return tuple(address for one in jumps for address in one.addresses[:1])


def named(listed: Iterable[Listed], names: Mapping[str, str]) -> list[Listed]:
    """The list with the names that a jump answered. `names`: address → label."""
    return [
        one if one.name else replace(one, name=next((names[a] for a in one.addresses if a in names), None))
        for one in listed
    ]


def found(listed: Iterable[Listed], asked: str, domain: str) -> Listed | None:
    """The peer of this name (with or without the network's domain), id or address; None: there is none."""
    word = asked.lower().rstrip(".").removesuffix(f".{domain.lower()}")
    for one in listed:
        if asked == one.peer_id or asked in one.addresses or (one.name is not None and one.name.lower() == word):
            return one
    return None


def _role(bundle: Bundle, peer: BundlePeer, home: str | None) -> Role:
    if peer.peer_id == home:
        return "home"
    if peer.peer_id in bundle.homes or (bundle.firewall.forward and peer.tunnel_address is not None):
        return "jump"
    return "client" if bundle.firewall.forward else "direct"


def _addresses(peer: BundlePeer, own: Collection[str]) -> tuple[str, ...]:
    """The addresses of a peer inside the network."""
    networks = [ip_interface(text).network for text in own]
    found = [peer.tunnel_address] if peer.tunnel_address is not None else []
    for cidr in (*peer.allowed_ips, *peer.standby_allowed_ips):
        prefix = ip_network(cidr, strict=False)
        inside = any(prefix.version == one.version and prefix.network_address in one for one in networks)
        if prefix.num_addresses == 1 and inside:
            found.append(str(prefix.network_address))
    return tuple(dict.fromkeys(found))
