"""What a laboratory contains, as a value: nodes, and the segments of wire between them."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface

WAN = "wan"


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

    def public_address(self, name: str) -> IPv4Address:
        """The address by which the internet sees a node: its own on the WAN, or its NAT router's.

        Raises:
            LookupError: no router joins the node's segment to the WAN.
        """
        segments = {port.segment for port in self.node(name).ports}
        if WAN in segments:
            return self._wan_address(self.node(name))
        for router in self.nodes:
            if router.masquerade is not None and segments & {port.segment for port in router.ports}:
                return self._wan_address(router)
        raise LookupError(f"nothing joins {name} to the {WAN} segment")

    def _wan_address(self, spec: NodeSpec) -> IPv4Address:
        wan = next(port for port in spec.ports if port.segment == WAN)
        return next(address.ip for address in wan.addresses if isinstance(address, IPv4Interface))


def _port(interface: str, segment: str, *addresses: str) -> Port:
    return Port(interface, segment, tuple(IPv4Interface(address) for address in addresses))


def _site(letter: str, public: str) -> tuple[NodeSpec, NodeSpec]:
    lan = f"lan-{letter}"
    router = NodeSpec(
        name=f"router-{letter}",
        ports=(_port("eth0", WAN, public), _port("eth1", lan, "192.168.1.1/24")),
        gateways=(IPv4Address("203.0.113.1"),),
        masquerade="eth0",
    )
    host = NodeSpec(
        name=f"site-{letter}",
        ports=(_port("eth0", lan, "192.168.1.2/24"),),
        gateways=(IPv4Address("192.168.1.1"),),
    )
    return router, host


# An internet host, a jump with a public address, and two sites behind NAT that use the same
# private addresses. 203.0.113.0/24 is TEST-NET-3 (RFC 5737).
TWO_SITES = Topology(
    nodes=(
        NodeSpec("internet", (_port("eth0", WAN, "203.0.113.1/24"),)),
        NodeSpec("jump", (_port("eth0", WAN, "203.0.113.10/24"),), gateways=(IPv4Address("203.0.113.1"),)),
        *_site("a", "203.0.113.21/24"),
        *_site("b", "203.0.113.22/24"),
    ),
    internet="internet",
)

# The same with a second jump.
TWO_JUMPS = Topology(
    nodes=(
        *TWO_SITES.nodes,
        NodeSpec("jump-2", (_port("eth0", WAN, "203.0.113.11/24"),), gateways=(IPv4Address("203.0.113.1"),)),
    ),
    internet="internet",
)
