"""A bundle of the domain in the shape agents read."""

import socket
from collections.abc import Iterable

from chalicelib.application.agents.bundles import Rendered
from chalicelib.domain.bundle.bundle import Bundle
from chalicelib.domain.cidr import Address, Cidr
from chalicelib.domain.peer.peer import Peer, Rotation
from chalicelib.domain.tunnel.firewall import Firewall
from chalicelib.domain.tunnel.sections import FIRST_EPOCH, Section, Tunnel
from chalicelib.wire import bundle as wire
from chalicelib.wire.codec import content_hash, content_of, encode

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
EMBEDS_IPV4_UNDER = 1 << 48  # ::/80: of these the C library writes some as ::ffff:192.0.2.1


def rendered(bundle: Bundle, generation: int, next_signing_key: str) -> Rendered:
    body = encode(shown(bundle, generation, next_signing_key))
    return Rendered(body, content_hash(content_of(body)))


def shown(bundle: Bundle, generation: int, next_signing_key: str) -> wire.Bundle:
    tunnel, network = bundle.tunnel, bundle.network
    return wire.Bundle(
        generation=generation,
        revision=bundle.revision,
        network_id=network.id,
        peer_id=bundle.peer.id,
        is_blocked=bundle.peer.is_blocked,
        next_signing_key=next_signing_key,
        interface=_interface(network.epoch, bundle.peer, tunnel),
        peers=[_section(section) for section in tunnel.sections],
        firewall=_firewall(bundle.peer, bundle.firewall),
        dns=wire.Dns(
            domain=network.domain,
            resolvers=list(bundle.resolvers),
            records=[
                wire.Record(name=record.label, addresses=[text_of(address) for address in record.addresses])
                for record in bundle.records
            ],
        ),
        detection=wire.Detection(),
        homes=list(tunnel.homes),
        awaits_approval=bundle.peer.awaits_approval,
    )


def _interface(epoch: int, peer: Peer, tunnel: Tunnel) -> wire.Interface:
    return wire.Interface(
        addresses=list(tunnel.prefixes),
        listen_port=tunnel.listen_port,
        mtu=tunnel.mtu,
        full_encapsulation=peer.full_encapsulation,
        public_key=peer.public_key,
        staged_key=peer.staged_key,
        rotate_key=peer.rotation is Rotation.WANTED,
        psk_epoch=epoch,
        psk_held=peer.epoch or FIRST_EPOCH,
    )


def _section(section: Section) -> wire.BundlePeer:
    staged = section.staged
    return wire.BundlePeer(
        peer_id=section.peer_id,
        public_key=section.public_key,
        preshared_key=section.preshared_key,
        endpoint=section.endpoint,
        allowed_ips=_texts(section.allowed_ips),
        persistent_keepalive=section.keepalive_s,
        tunnel_address=None if section.address is None else str(section.address),
        homes=list(section.homes),
        standby_allowed_ips=_texts(section.standby),
        next_preshared_key=section.pair.next_preshared_key,
        other_preshared_key=section.pair.other_preshared_key,
        staged=None
        if staged is None
        else wire.Pair(
            public_key=staged.public_key,
            preshared_key=staged.preshared_key,
            next_preshared_key=staged.next_preshared_key,
        ),
    )


def _firewall(peer: Peer, policy: Firewall | None) -> wire.Firewall:
    if policy is None:
        behind = [wire.Exit(cidr=cidr, masquerade=False) for cidr in _texts(peer.additional_allowed_ips)]
        return wire.Firewall(forward=False, exits=behind)
    return wire.Firewall(
        forward=True,
        sets={
            "blocked": _texts(policy.blocked),
            "isolated": _texts(policy.isolated),
            "hubs": _texts(policy.hubs),
            "internet": _texts(policy.internet),
            **{name: _texts(members) for name, members in policy.sets.items()},
        },
        rules=[
            wire.Rule(
                source=rule.source,
                destination=rule.destination,
                protocol=None if rule.protocol is None else rule.protocol.value,
                ports=[(ports.first, ports.last) for ports in rule.ports],
                action="allow" if rule.allows else "deny",
            )
            for rule in policy.rules
        ],
        exits=[wire.Exit(cidr=str(way.cidr), masquerade=way.masquerade) for way in policy.exits],
    )


def _texts(cidrs: Iterable[Cidr]) -> list[str]:
    return [f"{text_of(cidr.network_address)}/{cidr.prefixlen}" for cidr in cidrs]


def text_of(address: Address) -> str:
    """As `str` of it, in a sixth of the time: a jump's bundle has some ten thousand of them."""
    if address.version == 6 and int(address) < EMBEDS_IPV4_UNDER:
        return str(address)
    return socket.inet_ntop(FAMILIES[address.version], address.packed)
