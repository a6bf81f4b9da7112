"""The network laboratory: a simulated internet with NAT, in namespaces that vanish with their maker.

Linux and root only. Everything happens in namespaces of its own; the machine's network,
interfaces and firewall stay untouched, and several laboratories run side by side.
"""

from infra.lab.errors import LabFailed
from infra.lab.laboratory import Lab
from infra.lab.node import Node
from infra.lab.process import Process
from infra.lab.topology import DUAL_STACK, TWO_JUMPS, TWO_SITES, NodeSpec, Port, Topology
from infra.lab.wireguard import UserspaceSocket, WgInterface, WgPeer

__all__ = [
    "DUAL_STACK",
    "TWO_JUMPS",
    "TWO_SITES",
    "Lab",
    "LabFailed",
    "Node",
    "NodeSpec",
    "Port",
    "Process",
    "Topology",
    "UserspaceSocket",
    "WgInterface",
    "WgPeer",
]
