"""The network laboratory: a simulated internet with NAT, in namespaces that vanish with their maker.

Linux and root only. Everything happens in namespaces of its own; the machine's network,
interfaces and firewall stay untouched, and several laboratories run side by side.
"""

from infra.local.lab.errors import LabFailed
from infra.local.lab.laboratory import Lab
from infra.local.lab.node import Node
from infra.local.lab.process import Process
from infra.local.lab.topology import DUAL_STACK, TWO_JUMPS, TWO_SITES, NodeSpec, Port, Topology
from infra.local.lab.wireguard import UserspaceSocket, WgInterface, WgPeer

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
