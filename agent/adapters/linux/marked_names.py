"""Asks the host's own resolvers for addresses beside the tunnel: from sockets that carry its mark.

A stub resolver on the loopback is passed over, for what it asks itself has no mark; those behind it are asked.
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import dns.exception
import dns.message
import dns.query
import dns.rcode
from dns.rdatatype import RdataType

from agent.adapters.families import interleaved, version_of
from agent.adapters.marking import mark
from agent.host.tunnel.wanted import is_address

HOSTS = Path("/etc/hosts")
RESOLV_CONF = Path("/etc/resolv.conf")
BEHIND_STUBS = (
    Path("/run/systemd/resolve/resolv.conf"),  # systemd-resolved(8): the uplinks' resolvers
    Path("/run/NetworkManager/no-stub-resolv.conf"),  # NetworkManager.conf(5), rc-manager
)
DNS_PORT = 53
UDP_BYTES = 1232  # what passes everywhere unfragmented: dnsflagday.net/2020
ANSWERS = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})
TRY_S = 1.0
MOST_RESOLVERS = 3  # resolv.conf(5)
MOST_SUFFIXES = 6
DISCARD_PORT = 9  # RFC 863


def marked_addresses(host: str, within_s: float) -> Sequence[str]:
    """All addresses of a name, families in turn; none: nobody knows it, or nobody answered in time."""
    if listed := _listed(host):
        return interleaved(listed)
    deadline = monotonic() + within_s
    servers, suffixes = _resolvers()
    for name in _candidates(host, suffixes):
        found = [
            address for kind in (RdataType.A, RdataType.AAAA) for address in _answered(name, kind, servers, deadline)
        ]
        if found:
            return _reachable_first(found)
    return ()


def _answered(name: str, kind: RdataType, servers: Sequence[str], deadline: float) -> Sequence[str]:
    """What the first resolver says that says anything; a datagram may be lost, so all are asked twice."""
    for server in (*servers, *servers):
        left_s = min(TRY_S, deadline - monotonic())
        if left_s <= 0:
            break
        with contextlib.suppress(OSError, dns.exception.DNSException):  # the next one may know more
            return _ask(name, kind, server, left_s)
    return ()


def _ask(name: str, kind: RdataType, server: str, within_s: float) -> Sequence[str]:
    """By UDP, or by TCP where the answer is too long for it; a name that is not there has no addresses.

    Raises:
        OSError, dns.exception.DNSException: this resolver does not help.
    """
    query = dns.message.make_query(name, kind, use_edns=0, payload=UDP_BYTES)
    with _marked(server, socket.SOCK_DGRAM) as datagrams, _marked(server, socket.SOCK_STREAM) as stream:
        datagrams.settimeout(0)
        try:
            answer = dns.query.udp(query, server, within_s, DNS_PORT, sock=datagrams, raise_on_truncation=True)
        except dns.message.Truncated:
            stream.settimeout(within_s)
            stream.connect((server, DNS_PORT))
            stream.settimeout(0)
            answer = dns.query.tcp(query, server, within_s, DNS_PORT, sock=stream)
    if answer.rcode() not in ANSWERS or not isinstance(answer, dns.message.QueryMessage):
        raise OSError(f"the resolver answered {dns.rcode.to_text(answer.rcode())}")
    records = answer.resolve_chaining().answer
    return [record.to_text() for record in records] if records is not None else []


def _marked(server: str, kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if version_of(server) == 6 else socket.AF_INET, kind)
    mark(made)
    return made


def _reachable_first(found: Sequence[str]) -> Sequence[str]:
    """IPv6 leads where the host has a route (RFC 6724, section 5, rule 1), as with the system's resolver."""
    has_ipv6 = any(version_of(address) == 6 and _has_route(address) for address in found)
    return interleaved(found, first=6 if has_ipv6 else 4)


def _has_route(address: str) -> bool:
    with _marked(address, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, DISCARD_PORT))
        except OSError:
            return False
    return True


def _listed(host: str) -> Sequence[str]:
    """The addresses that /etc/hosts lists, which is asked before every resolver: hosts(5)."""
    wanted = host.rstrip(".").lower()
    lines = (line.partition("#")[0].split() for line in _lines(HOSTS))
    return [
        words[0]
        for words in lines
        if len(words) > 1 and is_address(words[0]) and wanted in (word.lower() for word in words[1:])
    ]


def _resolvers() -> tuple[Sequence[str], Sequence[str]]:
    """The resolvers to ask, and the domains by which a short name is completed."""
    servers, suffixes = _configured(RESOLV_CONF)
    if not servers:
        servers = next((found for found, _ in map(_configured, BEHIND_STUBS) if found), ())
    return servers[:MOST_RESOLVERS], suffixes[:MOST_SUFFIXES]


def _configured(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    servers: list[str] = []
    suffixes: Sequence[str] = ()
    for words in map(str.split, _lines(path)):
        if words[:1] == ["nameserver"] and len(words) > 1 and _is_outside(words[1]):
            servers.append(words[1])
        elif words[:1] in (["search"], ["domain"]):
            suffixes = words[1:]
    return servers, suffixes


def _is_outside(server: str) -> bool:
    try:
        return not ip_address(server).is_loopback
    except ValueError:
        return False


def _candidates(host: str, suffixes: Sequence[str]) -> Iterator[str]:
    """The names to ask for: one without a dot is completed by each domain first (resolv.conf(5), ndots)."""
    if "." not in host:
        yield from (f"{host}.{suffix}" for suffix in suffixes)
    yield host


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return ()
