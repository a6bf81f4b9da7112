"""A simulated internet on one machine: build it, publish the control plane in it, cut it off."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.lab import forwarder
from infra.lab.node import Node
from infra.lab.outer_namespaces import OuterNamespaces
from infra.lab.process import Process
from infra.lab.topology import TWO_SITES, NodeSpec, Topology

BLACKOUT = """
table inet lab {
  set unreachable { type ipv4_addr; }
  set silent { type inet_service; }
  chain input {
    type filter hook input priority -300;
    ip saddr @unreachable drop;
    tcp dport @silent drop;
  }
}
"""

ROUTER = """
table inet lab {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    oifname "{interface}" masquerade;
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept;
    iifname != "{interface}" accept;
  }}
}}
"""


class Lab:
    """Use as a context manager. Nothing of it is left when the process that made it is gone."""

    def __init__(self, topology: Topology = TWO_SITES) -> None:
        self.topology = topology
        self.nodes: dict[str, Node] = {}
        self._published: dict[int, Process] = {}
        self._lent: list[Process] = []

    def __enter__(self) -> Self:
        self._outer = OuterNamespaces.make()
        try:
            self._build()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    @property
    def internet(self) -> Node:
        return self.nodes[self.topology.internet]

    @property
    def internet_address(self) -> str:
        return str(self.topology.public_address(self.topology.internet))

    def publish(self, port: int, to_port: int | None = None) -> str:
        """Make a port of the machine's loopback reachable on the internet host's address.

        Args:
            port: on the internet host; what was published there before is replaced.
            to_port: on 127.0.0.1 outside; the same where None.

        Returns:
            The origin for agents, `http://ADDRESS:PORT`.
        """
        if port in self._published:
            self.unpublish(port)
        own = (self.internet_address, port)
        self._published[port] = self._forward(self.internet, own, port if to_port is None else to_port)
        return f"http://{self.internet_address}:{port}"

    def lend(self, name: str, port: int) -> None:
        """Make a port of the machine's loopback the node's own: what is pasted there finds the same origin."""
        self._lent.append(self._forward(self.nodes[name], ("127.0.0.1", port), port))

    def unpublish(self, port: int) -> None:
        """Refuse connections to a published port from now on, and cut those that are open."""
        forwarder = self._published.pop(port)
        forwarder.stop()
        forwarder.release()

    @contextlib.contextmanager
    def blackout(self, name: str) -> Iterator[None]:
        """Let the internet host hear nothing from a node (nor from others behind the same NAT).

        The node's path to the other nodes stays.
        """
        element = f"inet lab unreachable {{ {self.topology.public_address(name)} }}"
        self.internet.run("nft", f"add element {element}")
        try:
            yield
        finally:
            self.internet.run("nft", f"delete element {element}")

    @contextlib.contextmanager
    def silence(self, port: int) -> Iterator[None]:
        """Drop each packet to a published port: nobody is refused, calls hang, and open connections are not cut."""
        element = f"inet lab silent {{ {port} }}"
        self.internet.run("nft", f"add element {element}")
        try:
            yield
        finally:
            self.internet.run("nft", f"delete element {element}")

    def _forward(self, node: Node, listen: tuple[str, int], to_port: int) -> Process:
        namespace = f"/proc/{node.holder.pid}/ns/net"
        target = (listen[0], str(listen[1]), "127.0.0.1", str(to_port))
        script = str(Path(forwarder.__file__))
        process = self._outer.start_outside([sys.executable, "-I", script, namespace, *target])
        process.expect("up")
        return process

    def _close(self) -> None:
        self._outer.close()
        for node in self.nodes.values():
            node.release()
        for process in (*self._published.values(), *self._lent):
            process.release()

    def _build(self) -> None:
        self.nodes = {spec.name: Node.make(spec, self._outer) for spec in self.topology.nodes}
        for node in self.nodes.values():
            node.wait_up()
        self._outer.ip(*self._wires())
        for node in self.nodes.values():
            _configure(node)
        self.internet.run("nft", "-f", "-", stdin=BLACKOUT)

    def _wires(self) -> Iterator[str]:
        switches = {segment: f"br{index}" for index, segment in enumerate(self.topology.segments)}
        for switch in switches.values():
            yield f"link add {switch} type bridge forward_delay 0"
            yield f"link set {switch} up"
        ports = [(node, port) for node in self.nodes.values() for port in node.spec.ports]
        for index, (node, port) in enumerate(ports):
            yield f"link add v{index} type veth peer name {port.interface} netns {node.holder.pid}"
            yield f"link set v{index} master {switches[port.segment]} up"


def _configure(node: Node) -> None:
    """Give a node its addresses and routes, and a router its NAT."""
    node.run("ip", "-batch", "-", stdin="\n".join(_addresses(node.spec)))
    if node.spec.masquerade is not None:
        node.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        node.run("nft", "-f", "-", stdin=ROUTER.format(interface=node.spec.masquerade))


def _addresses(spec: NodeSpec) -> Iterator[str]:
    for port in spec.ports:
        for address in port.addresses:
            unchecked = " nodad" if address.version == 6 else ""  # for a second no packet leaves otherwise
            yield f"address add {address} dev {port.interface}{unchecked}"
        yield f"link set {port.interface} up"
    for gateway in spec.gateways:
        yield f"route add default via {gateway}"
