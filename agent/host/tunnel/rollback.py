"""What a rollback restores: the host's way to the control plane, and never an access; pure.

The new bundle stays in force in everything it grants or takes: its peers, keys, PSKs and
firewall. Of the last good one come back the addresses, the endpoints of peers that both list,
and the routes: what the good one did not send into the tunnel goes out of it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agent.host.prefixes import EVERYTHING, Prefix, contains
from agent.host.tunnel.wanted import Address, Section, WantedTunnel, routed

Kept = Mapping[Prefix, frozenset[Prefix]]


def restored(good: WantedTunnel | None, new: WantedTunnel) -> WantedTunnel:
    """The new bundle, without the routes that may have cut the host off.

    Equal to `new` where a rollback has nothing to restore: a block, a bundle that only takes
    away, one that sends nothing into the tunnel that the good one did not. `good` None: there
    was no bundle before, so no route is known to be good.
    """
    if new.is_blocked:
        return new
    addresses = good.addresses if good is not None else frozenset[Address]()
    if new.addresses <= addresses:
        addresses = new.addresses
    kept = _kept(_ways(good), new)
    before = good.sections if good is not None else {}
    sections = {key: _restored(section, before.get(key), kept) for key, section in new.sections.items()}
    is_routed_anew = kept or addresses != new.addresses
    prefixes = (prefix for section in sections.values() for prefix in section.allowed_ips)
    return replace(
        new,
        addresses=addresses,
        sections=sections,
        routes=routed(prefixes, addresses) if is_routed_anew else new.routes,
        is_full=new.is_full and good is not None and good.is_full,
    )


def _ways(good: WantedTunnel | None) -> frozenset[Prefix]:
    """The prefixes that a bundle sends into the tunnel."""
    if good is None:
        return frozenset()
    everything = frozenset[Prefix](EVERYTHING) if good.is_full else frozenset[Prefix]()
    return good.routes | {address.network for address in good.addresses} | everything


def _kept(ways: frozenset[Prefix], new: WantedTunnel) -> Kept:
    """What is left of each prefix that did not go into the tunnel, or not as a whole.

    A part of it that did go there stays with the peer to which the new bundle gives it, the
    one with the longest prefix around it: no prefix stands at two peers.
    """
    given = frozenset(prefix for section in new.sections.values() for prefix in section.allowed_ips)
    kept: dict[Prefix, set[Prefix]] = {prefix: set() for prefix in given - ways if not _is_within(prefix, ways)}
    for way in ways - given if kept else ():
        if _is_within(way, kept):
            owner = max((prefix for prefix in given if contains(prefix, way)), key=lambda prefix: prefix.prefixlen)
            if owner in kept:
                kept[owner].add(way)
    return {prefix: frozenset(parts) for prefix, parts in kept.items()}


def _restored(section: Section, before: Section | None, kept: Kept) -> Section:
    allowed_ips, endpoint = section.allowed_ips, section.endpoint
    if not kept.keys().isdisjoint(allowed_ips):
        allowed_ips = frozenset(part for prefix in allowed_ips for part in kept.get(prefix, (prefix,)))
    if before is not None and before.endpoint is not None and endpoint is not None:
        endpoint = before.endpoint
    if (allowed_ips, endpoint) == (section.allowed_ips, section.endpoint):
        return section
    return replace(section, allowed_ips=allowed_ips, endpoint=endpoint)


def _is_within(prefix: Prefix, outer: Iterable[Prefix]) -> bool:
    return any(contains(around, prefix) for around in outer)
