"""Values for the agent's tests, with what matters as arguments."""

import base64
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.bundle.received import Fetched, Received, whole
from agent.identity.keys import wireguard_public_key
from agent.identity.trust import Keyring, Trust
from chalicelib.wire.bundle import Bundle, BundlePeer, Detection, Dns, Firewall, Interface, Tombstone
from chalicelib.wire.codec import encode
from chalicelib.wire.delta import difference
from chalicelib.wire.signing import Subject

NETWORK_ID = "net_1"
PEER_ID = "dyn_1"
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"signing").digest())
SUCCESSOR = Ed25519PrivateKey.from_private_bytes(sha256(b"successor").digest())


def a_private_key(seed: str) -> str:
    """Deterministic, clamped, base64."""
    raw = bytearray(sha256(seed.encode()).digest())
    raw[0] &= 248
    raw[31] = (raw[31] & 127) | 64
    return base64.b64encode(bytes(raw)).decode()


def a_public_key(seed: str) -> str:
    return wireguard_public_key(a_private_key(seed))


def a_peer(
    name: str = "hub",
    allowed_ips: list[str] | None = None,
    endpoint: str | None = None,
    keepalive: int = 0,
    preshared_key: str | None = None,
) -> BundlePeer:
    return BundlePeer(
        peer_id=f"peer_{name}",
        public_key=a_public_key(name),
        preshared_key=preshared_key,
        endpoint=endpoint,
        allowed_ips=["10.9.0.1/32"] if allowed_ips is None else allowed_ips,
        persistent_keepalive=keepalive,
    )


def a_bundle(
    revision: int = 1,
    peers: list[BundlePeer] | None = None,
    generation: int = 0,
    addresses: list[str] | None = None,
    listen_port: int | None = None,
    forward: bool = False,
    mtu: int = 1420,
    peer_id: str = PEER_ID,
    firewall: Firewall | None = None,
    public_key: str | None = None,
    staged_key: str | None = None,
    rotate_key: bool = False,
    full_encapsulation: bool = False,
    resolvers: list[str] | None = None,
) -> Bundle:
    return Bundle(
        generation=generation,
        revision=revision,
        network_id=NETWORK_ID,
        peer_id=peer_id,
        is_blocked=False,
        next_signing_key=public_text(SUCCESSOR),
        interface=Interface(
            addresses=["10.9.0.2/24"] if addresses is None else addresses,
            listen_port=listen_port,
            mtu=mtu,
            public_key=public_key,
            staged_key=staged_key,
            rotate_key=rotate_key,
            full_encapsulation=full_encapsulation,
        ),
        peers=[a_peer()] if peers is None else peers,
        firewall=firewall if firewall is not None else Firewall(forward=forward),
        dns=Dns(domain="home.internal", resolvers=resolvers or [], records=[]),
        detection=Detection(),
    )


def fetched(bundle: Bundle) -> Fetched:
    return whole(received(bundle))


def received(bundle: Bundle, key: Ed25519PrivateKey = SIGNING_KEY) -> Received:
    """A whole bundle as it comes."""
    body = encode(bundle)
    subject = Subject("bundle", bundle.network_id, bundle.peer_id, bundle.generation, bundle.revision)
    return Received(body.decode(), signature(subject, body, key), is_delta=False)


def received_delta(before: Bundle, after: Bundle, key: Ed25519PrivateKey = SIGNING_KEY) -> Received:
    body = encode(difference(before, after))
    subject = Subject("delta", after.network_id, after.peer_id, after.generation, after.revision)
    return Received(body.decode(), signature(subject, body, key), is_delta=True)


def signature(subject: Subject, body: bytes, key: Ed25519PrivateKey = SIGNING_KEY) -> str:
    return base64.b64encode(key.sign(subject.statement(body))).decode()


def public_text(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def a_trust(key: Ed25519PrivateKey = SIGNING_KEY) -> Trust:
    return Trust(Keyring(pinned=public_text(key), current=public_text(key)), lambda keyring: None)


def a_tombstone(peer_id: str = PEER_ID, network_id: str = NETWORK_ID) -> Tombstone:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Tombstone(generation=0, revision=9, network_id=network_id, peer_id=peer_id, deleted_at=at)
