"""What a laboratory contains, as a value: nodes, and the segments of wire between them."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface

WAN = "wan"
INTERNET = {4: "203.0.113.1", 6: "2001:db8::1"}  # TEST-NET-3 (RFC 5737), documentation (RFC 3849)
ROUTERS = {4: "192.168.1.1/24", 6: "fd00:192:168::1/64"}
HOSTS = {4: "192.168.1.2/24", 6: "fd00:192:168::2/64"}


@dataclass(frozen=True, slots=True)
class Port:
    """One network interface of a node; all ports of a `segment` share one switch."""

    interface: str
    segment: str
    addresses: tuple[Interface, ...]


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """`masquerade`: the interface out of which a router hides what it forwards; None: no router."""

    name: str
    ports: tuple[Port, ...]
    gateways: tuple[Address, ...] = ()
    masquerade: str | None = None


@dataclass(frozen=True, slots=True)
class Topology:
    """`internet` names the node on which the outside world, hence the control plane, is published."""

    nodes: tuple[NodeSpec, ...]
    internet: str

    def node(self, name: str) -> NodeSpec:
        return next(spec for spec in self.nodes if spec.name == name)

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(port.segment for spec in self.nodes for port in spec.ports))

    def public_address(self, name: str, version: int = 4) -> Address:
        """The address by which the internet sees a node: its own on the WAN, or its NAT router's.

        Raises:
            LookupError: no router joins the node's segment to the WAN.
        """
        segments = {port.segment for port in self.node(name).ports}
        if WAN in segments:
            return _wan_address(self.node(name), version)
        for router in self.nodes:
            if router.masquerade is not None and segments & {port.segment for port in router.ports}:
                return _wan_address(router, version)
        raise LookupError(f"nothing joins {name} to the {WAN} segment")


def _wan_address(spec: NodeSpec, version: int) -> Address:
    wan = next(port for port in spec.ports if port.segment == WAN)
    return next(address.ip for address in wan.addresses if address.version == version)


def _port(interface: str, segment: str, *addresses: str) -> Port:
    return Port(interface, segment, tuple(ip_interface(address) for address in addresses))


def _on_the_wan(name: str, *addresses: str) -> NodeSpec:
    port = _port("eth0", WAN, *addresses)
    return NodeSpec(name, (port,), tuple(ip_address(INTERNET[address.version]) for address in port.addresses))


def _site(letter: str, *public: str) -> tuple[NodeSpec, NodeSpec]:
    """`public`: its router's, one of each family the site has."""
    lan, router = f"lan-{letter}", _on_the_wan(f"router-{letter}", *public)
    versions = [address.version for address in router.ports[0].addresses]
    inside = _port("eth1", lan, *(ROUTERS[version] for version in versions))
    host = NodeSpec(
        name=f"site-{letter}",
        ports=(_port("eth0", lan, *(HOSTS[version] for version in versions)),),
        gateways=tuple(address.ip for address in inside.addresses),
    )
    return replace(router, ports=(*router.ports, inside), masquerade="eth0"), host


# An internet host, a jump with a public address, and two sites behind NAT that use the same
# private addresses.
TWO_SITES = Topology(
    nodes=(
        NodeSpec("internet", (_port("eth0", WAN, "203.0.113.1/24"),)),
        _on_the_wan("jump", "203.0.113.10/24"),
        *_site("a", "203.0.113.21/24"),
        *_site("b", "203.0.113.22/24"),
    ),
    internet="internet",
)

# The same with a second jump.
TWO_JUMPS = Topology(nodes=(*TWO_SITES.nodes, _on_the_wan("jump-2", "203.0.113.11/24")), internet="internet")

# Two sites, with both families everywhere.
DUAL_STACK = Topology(
    nodes=(
        NodeSpec("internet", (_port("eth0", WAN, "203.0.113.1/24", "2001:db8::1/64"),)),
        _on_the_wan("jump", "203.0.113.10/24", "2001:db8::10/64"),
        *_site("a", "203.0.113.21/24", "2001:db8::21/64"),
        *_site("b", "203.0.113.22/24", "2001:db8::22/64"),
    ),
    internet="internet",
)
