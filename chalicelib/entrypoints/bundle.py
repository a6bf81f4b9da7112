"""A bundle of the domain in the shape agents read."""

from chalicelib.domain.bundle import Bundle
from chalicelib.wire import bundle as wire


def shown(bundle: Bundle, generation: int) -> wire.Bundle:
    tunnel, network = bundle.tunnel, bundle.network
    return wire.Bundle(
        generation=generation,
        revision=bundle.revision,
        network_id=network.id,
        peer_id=bundle.peer.id,
        is_blocked=False,
        next_signing_key=None,
        interface=wire.Interface(addresses=list(tunnel.prefixes), listen_port=tunnel.listen_port, mtu=tunnel.mtu),
        peers=[
            wire.BundlePeer(
                peer_id=section.peer_id,
                public_key=section.public_key,
                preshared_key=None,
                endpoint=section.endpoint,
                allowed_ips=[str(cidr) for cidr in section.allowed_ips],
                persistent_keepalive=section.keepalive_s,
            )
            for section in tunnel.sections
        ],
        firewall=wire.Firewall(forward=bundle.forwards),
        dns=wire.Dns(
            domain=network.domain,
            resolvers=list(network.dns),
            records=[
                wire.Record(name=record.label, addresses=[str(address) for address in record.addresses])
                for record in bundle.records
            ],
        ),
        detection=wire.Detection(),
    )
