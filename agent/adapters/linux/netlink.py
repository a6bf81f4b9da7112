"""What the kernel announces by netlink: sockets that hear it, and messages as far as an agent needs them.

Source: linux/netlink.h, linux/rtnetlink.h, linux/netfilter/nf_tables.h.
"""

import contextlib
import socket
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
SOL_NETLINK, ADD_MEMBERSHIP = 270, 1
SO_RCVBUFFORCE = 33
ROUTE_GROUPS = (1, 5, 7, 8, 9, 11, 19, 24, 25)  # link; address, route, rule, netconf of IPv4 and IPv6
NFTABLES_GROUP = 7

NFTABLES = 10 << 8  # NFNL_SUBSYS_NFTABLES

IFLA_IFNAME, RTA_OIF, RTA_TABLE, FRA_PRIORITY, NFTA_TABLE = 3, 4, 15, 6, 1
NETCONFA_IFINDEX, NETCONFA_FORWARDING, NETCONFA_RP_FILTER = 1, 2, 3
ALL_INTERFACES, DEFAULT_OF_INTERFACES = -1, -2

HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")
ATTRIBUTE_KIND = 0x3FFF
LINK = struct.Struct("=BxHi8x")  # family, type, index
ADDRESS = struct.Struct("=4xi")  # index
ROUTE = struct.Struct("=4xBBBB4x")  # table, protocol, scope, type
RULE_BYTES, NETCONF_BYTES, NFTABLES_BYTES = 12, 4, 4
KERNEL = 0
RECEIVED_BYTES = 1 << 16
BUFFER_BYTES = 1 << 20


class Kind(IntEnum):
    NEWLINK = 16
    DELLINK = 17
    NEWADDR = 20
    DELADDR = 21
    NEWROUTE = 24
    DELROUTE = 25
    NEWRULE = 32
    DELRULE = 33
    NEWNETCONF = 80
    NEWTABLE = NFTABLES | 0
    DELTABLE = NFTABLES | 2
    NEWCHAIN = NFTABLES | 3
    DELCHAIN = NFTABLES | 5
    NEWRULE_OF_CHAIN = NFTABLES | 6
    DELRULE_OF_CHAIN = NFTABLES | 8
    NEWGEN = NFTABLES | 15


@dataclass(frozen=True, slots=True)
class Message:
    """`port`: of the socket by which the change was asked for, which is the pid of a tool with one such socket;
    KERNEL: its own doing, or not asked for by netlink."""

    kind: int
    port: int
    body: bytes


def listening(family: int, groups: Iterable[int]) -> socket.socket:
    """A socket that hears these multicast groups of its network namespace, and blocks nobody.

    Raises:
        OSError: the kernel has no such family, or CAP_NET_ADMIN is missing.
    """
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, family)
    try:
        with contextlib.suppress(PermissionError):  # in some containers: then bursts are more often too long
            opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        opened.bind((0, 0))
        for group in groups:
            opened.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)
    except OSError:
        opened.close()
        raise
    return opened


def messages(datagram: bytes) -> Iterator[Message]:
    """The messages of a datagram; one that is cut short is left out."""
    at = 0
    while at + HEADER.size <= len(datagram):
        length, kind, _, _, port = HEADER.unpack_from(datagram, at)
        if length < HEADER.size or at + length > len(datagram):
            return
        yield Message(kind, port, datagram[at + HEADER.size : at + length])
        at += length + 3 & ~3


def attributes(body: bytes, offset: int) -> Mapping[int, bytes]:
    found: dict[int, bytes] = {}
    while offset + ATTRIBUTE.size <= len(body):
        length, kind = ATTRIBUTE.unpack_from(body, offset)
        if length < ATTRIBUTE.size or offset + length > len(body):
            break
        found[kind & ATTRIBUTE_KIND] = body[offset + ATTRIBUTE.size : offset + length]
        offset += length + 3 & ~3
    return found


def number(value: bytes | None) -> int | None:
    return int.from_bytes(value, sys.byteorder, signed=True) if value else None


def text(value: bytes | None) -> str | None:
    return value.rstrip(b"\0").decode(errors="replace") if value is not None else None
