"""The rule of homes applied without the control plane: who carries whom while jumps are dead; pure."""

from collections.abc import Collection, Sequence

import msgspec

from chalicelib.wire.bundle import Bundle, BundlePeer, Dns


def home_among(homes: Sequence[str], dead: Collection[str]) -> str | None:
    """The first that is not dead; the first of all when all are."""
    return next((jump_id for jump_id in homes if jump_id not in dead), homes[0] if homes else None)


def rehomed(bundle: Bundle, dead: Collection[str]) -> Bundle:
    """A bundle as it would be were these jumps marked down: on a jump, AllowedIPs go to who is next for each
    peer, itself among them; on a regular agent, all go to the next jump, which is asked for names too."""
    if not dead:
        return bundle
    moved = _of_peers(bundle, dead) if bundle.firewall.forward else _of_home(bundle, dead)
    lost = {prefix for prefixes in moved.values() for prefix in prefixes}
    peers = [_with(section, moved.get(section.peer_id, []), lost) for section in bundle.peers]
    return msgspec.structs.replace(bundle, peers=peers, dns=_asking(bundle, dead))


def _asking(bundle: Bundle, dead: Collection[str]) -> Dns:
    """The resolvers, with the new home in the place of the old one."""
    addresses = {section.peer_id: section.tunnel_address for section in bundle.peers if section.tunnel_address}
    old, new = (addresses.get(home_among(bundle.homes, among) or "") for among in ((), dead))
    if old is None or new is None:
        return bundle.dns
    resolvers = [new if resolver == old else resolver for resolver in bundle.dns.resolvers]
    return msgspec.structs.replace(bundle.dns, resolvers=resolvers)


def _of_home(bundle: Bundle, dead: Collection[str]) -> dict[str, list[str]]:
    """The sections with the prefixes that move to each of them."""
    new = home_among(bundle.homes, dead)
    if new is None or new == bundle.homes[0]:
        return {}
    given = next((section.allowed_ips for section in bundle.peers if section.peer_id == bundle.homes[0]), [])
    return {new: given}


def _of_peers(bundle: Bundle, dead: Collection[str]) -> dict[str, list[str]]:
    moved: dict[str, list[str]] = {}
    for section in bundle.peers:
        new = home_among(section.homes, dead)
        if new is None or new == section.homes[0]:
            continue
        place = section.peer_id if new == bundle.peer_id else new
        moved.setdefault(place, []).extend(section.standby_allowed_ips)
    return moved


def _with(section: BundlePeer, come: list[str], lost: Collection[str]) -> BundlePeer:
    """The section with its new prefixes, or without those that others get: a prefix stands at one section."""
    kept = [prefix for prefix in section.allowed_ips if prefix not in lost]
    return msgspec.structs.replace(section, allowed_ips=[*kept, *come])
