"""The names of a network: what a jump answers, whom, and what it asks others; pure.

Own are the domain, and the reverse names of the network's addresses; nothing of these is ever
forwarded. A zone is made anew with each bundle, so that it holds a bundle's records as they stand
there: each is parsed when it is asked for.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from agent.host.prefixes import Prefix, contains
from agent.host.tunnel.wanted import WantedTunnel
from chalicelib.wire.bundle import Bundle, Record

Address: TypeAlias = IPv4Address | IPv6Address

TTL_S = 30  # so long may a name point to where its peer was
NEGATIVE_TTL_S = 10  # so long may a new peer be unknown
HUBS = "hubs"  # the set of the firewall that holds the jumps and what lies behind them
NAMESERVER = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)
OCTET = re.compile(r"0|[1-9][0-9]{0,2}")
NIBBLE = re.compile(r"[0-9a-f]")
SOA = "SOA"
NS = "NS"
ANY = "ANY"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of an own name. `apex`: the name whose SOA vouches for it. `records`: type and data of each; none, and
    `exists`: the name has no data of that type."""

    apex: str
    exists: bool
    records: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """`addresses` by label, `labels` by address, both as the bundle writes them. `networks`: whose reverse names
    are own. `listen`: the jump's addresses in the tunnel; `jumps`: those of all jumps. `resolvers`: to ask for
    other names; none: the host's own. `clients`: from where the tunnel brings questions."""

    domain: str
    serial: int
    addresses: Mapping[str, Sequence[str]] = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)
    networks: tuple[Prefix, ...]
    listen: frozenset[Address]
    jumps: frozenset[Address]
    resolvers: tuple[Address, ...]
    clients: "Prefixes" = field(repr=False)

    def answer(self, name: str, kind: str) -> Answer | None:
        """What the zone says; None: the name is another's.

        Args:
            name: in any case, without the last dot.
            kind: the mnemonic of a record type, `ANY` for all of a name.
        """
        wanted = name.lower()
        if wanted == self.domain:
            return self._selected(self.domain, kind, [(SOA, self.soa(self.domain)), (NS, f"{self.domain}.")])
        if wanted.endswith(f".{self.domain}"):
            return self._of_label(wanted.removesuffix(f".{self.domain}"), kind)
        return self._reverse(wanted, kind)

    def soa(self, apex: str) -> str:
        """Source: RFC 6303 section 3, of locally served zones."""
        return f"{apex}. nobody.invalid. {self.serial} 3600 1200 604800 {NEGATIVE_TTL_S}"

    def forwards_for(self, client: Address) -> bool:
        """Whether to pass a client's question on. A jump's could be our own, which would go round without end."""
        return client not in self.listen and client not in self.jumps

    def upstream(self, hosts: Iterable[Address]) -> tuple[Address, ...]:
        """The resolvers to ask for other names; no jump of this network is among them, nor this one."""
        barred = self.listen | self.jumps
        return tuple(one for one in self.resolvers if one not in barred) or tuple(
            one for one in hosts if one not in barred
        )

    def _of_label(self, label: str, kind: str) -> Answer:
        texts = self.addresses.get(label)
        if texts is None:
            return Answer(self.domain, exists=False)
        found = [_parsed(text) for text in texts]
        return self._selected(self.domain, kind, [(_kind(one), str(one)) for one in found if one is not None])

    def _reverse(self, name: str, kind: str) -> Answer | None:
        reverse = _reverse_prefix(name)
        if reverse is None:
            return None
        prefix, is_beyond = reverse
        network = next((one for one in self.networks if contains(one, prefix)), None)
        if network is None:
            return None
        apex = _apex(name, prefix, network)
        is_address = prefix.prefixlen == prefix.max_prefixlen
        label = self.labels.get(str(prefix.network_address)) if is_address else None
        if is_beyond or (is_address and label is None):
            return Answer(apex, exists=False)
        return self._selected(apex, kind, [] if label is None else [("PTR", f"{label}.{self.domain}.")])

    def _selected(self, apex: str, kind: str, records: Iterable[tuple[str, str]]) -> Answer:
        return Answer(apex, exists=True, records=tuple(one for one in records if kind in (ANY, one[0])))


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Whether an address lies in one of many prefixes, in a step for each of their lengths."""

    _starts: Mapping[tuple[int, int], frozenset[int]]

    @classmethod
    def of(cls, prefixes: Iterable[Prefix]) -> "Prefixes":
        starts: dict[tuple[int, int], set[int]] = {}
        for prefix in prefixes:
            host_bits = prefix.max_prefixlen - prefix.prefixlen
            starts.setdefault((prefix.version, host_bits), set()).add(int(prefix.network_address) >> host_bits)
        return cls({key: frozenset(found) for key, found in starts.items()})

    def __contains__(self, address: Address) -> bool:
        return any(
            version == address.version and int(address) >> host_bits in starts
            for (version, host_bits), starts in self._starts.items()
        )


def zone_of(bundle: Bundle, wanted: WantedTunnel) -> Zone | None:
    """The zone that a jump serves; None: this peer is no jump, or is blocked."""
    if not bundle.firewall.forward or bundle.is_blocked:
        return None
    dns = bundle.dns
    networks = tuple(sorted((one.network for one in wanted.addresses), key=str))
    return Zone(
        domain=dns.domain.lower(),
        serial=bundle.revision,
        addresses={record.name.lower(): record.addresses for record in dns.records},
        labels=_by_address(dns.records),
        networks=networks,
        listen=frozenset(one.ip for one in wanted.addresses),
        jumps=_jumps(bundle.firewall.sets.get(HUBS, ()), networks),
        resolvers=_all_parsed(dns.resolvers),
        clients=Prefixes.of((*networks, *wanted.routes)),
    )


def nameservers(resolv_conf: str) -> tuple[Address, ...]:
    """The host's own resolvers, of the text of its resolv.conf(5)."""
    return _all_parsed(NAMESERVER.findall(resolv_conf))


def _by_address(records: Iterable[Record]) -> Mapping[str, str]:
    return {address: record.name for record in records for address in record.addresses}


def _jumps(hubs: Iterable[str], networks: Sequence[Prefix]) -> frozenset[Address]:
    """Of the jumps and what lies behind them, the addresses in the network itself."""
    alone = (_parsed(hub.removesuffix("/32").removesuffix("/128")) for hub in hubs)
    return frozenset(one for one in alone if one is not None and any(one in network for network in networks))


def _reverse_prefix(name: str) -> tuple[Prefix, bool] | None:
    """The prefix that a name below in-addr.arpa or ip6.arpa stands for, and whether labels are left over that
    stand for nothing. Source: RFC 1035 section 3.5, RFC 3596 section 2.5."""
    for suffix, unit, digits, whole in ((".in-addr.arpa", 8, OCTET, 32), (".ip6.arpa", 4, NIBBLE, 128)):
        if name.endswith(suffix):
            labels = name.removesuffix(suffix).split(".")[::-1]
            value = bits = 0
            for label in labels:
                if bits == whole or not digits.fullmatch(label) or int(label, 16 if unit == 4 else 10) >= 1 << unit:
                    break
                value, bits = value << unit | int(label, 16 if unit == 4 else 10), bits + unit
            address = (value << whole - bits).to_bytes(whole // 8, "big")
            return ip_network((address, bits)), len(labels) > bits // unit
    return None


def _apex(name: str, prefix: Prefix, network: Prefix) -> str:
    """The shortest reverse name above this one that stands for addresses of the network alone."""
    unit, suffix_labels = (8, 2) if prefix.version == 4 else (4, 2)
    own_labels = -(-network.prefixlen // unit)
    return ".".join(name.split(".")[-own_labels - suffix_labels :])


def _kind(address: Address) -> str:
    return "A" if address.version == 4 else "AAAA"


def _all_parsed(texts: Iterable[str]) -> tuple[Address, ...]:
    return tuple(one for one in map(_parsed, texts) if one is not None)


def _parsed(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
