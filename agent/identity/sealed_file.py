"""A jump's identity, sealed by a passphrase: what a new machine needs to be this peer.

The file is JSON: the parameters of the key derivation beside the sealed content, so that they
can be raised later. The header is authenticated with the content.
"""

import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agent.errors import IdentityUnusable
from agent.identity.enrollment import Enrollment
from agent.identity.trust import Keyring
from chalicelib.wire.codec import decode, encode

FORMAT = "wirety-identity-1"
SALT_BYTES = 16
NONCE_BYTES = 12
KEY_BYTES = 32
N, R, P = 2**17, 8, 1  # 128 MiB, about half a second: OWASP Password Storage Cheat Sheet, scrypt
MOST_N, MOST_R, MOST_P = 2**20, 16, 4  # a file made to exhaust this host is refused
SHORTEST_PASSPHRASE = 12


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the peer is, its private keys, and whose signatures it believes. `interface`s are of the old host."""

    enrollment: Enrollment
    keyring: Keyring

    def __repr__(self) -> str:
        return f"Identity({self.enrollment.peer_id})"


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """`peer_id`, `network_id` in clear, so that a file can be told from another."""

    format: str
    network_id: str
    peer_id: str
    n: int
    r: int
    p: int
    salt: bytes
    nonce: bytes
    sealed: bytes = b""


def seal(identity: Identity, passphrase: str) -> bytes:
    """Raises IdentityUnusable: the passphrase is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise IdentityUnusable(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")
    header = Sealed(
        format=FORMAT,
        network_id=identity.enrollment.network_id,
        peer_id=identity.enrollment.peer_id,
        n=N,
        r=R,
        p=P,
        salt=os.urandom(SALT_BYTES),
        nonce=os.urandom(NONCE_BYTES),
    )
    sealed = ChaCha20Poly1305(_key(header, passphrase)).encrypt(header.nonce, encode(identity), encode(header))
    return encode(msgspec.structs.replace(header, sealed=sealed)) + b"\n"


def unseal(content: bytes, passphrase: str) -> Identity:
    """Raises IdentityUnusable: no such file, another passphrase, or it was changed."""
    file = _parsed(content)
    header = msgspec.structs.replace(file, sealed=b"")
    try:
        opened = ChaCha20Poly1305(_key(header, passphrase)).decrypt(file.nonce, file.sealed, encode(header))
    except InvalidTag as wrong:
        raise IdentityUnusable("the passphrase is another one, or the file was changed") from wrong
    try:
        identity = decode(opened, Identity)
    except msgspec.DecodeError as unknown:
        raise IdentityUnusable("the file is of a newer agent: upgrade this one") from unknown
    if (identity.enrollment.network_id, identity.enrollment.peer_id) != (file.network_id, file.peer_id):
        raise IdentityUnusable("the file says two things about whose identity it is")
    return identity


def _parsed(content: bytes) -> Sealed:
    try:
        file = decode(content, Sealed)
    except msgspec.DecodeError as malformed:
        raise IdentityUnusable("this is no exported identity") from malformed
    if file.format != FORMAT:
        raise IdentityUnusable("the file is of another format: upgrade this agent")
    if not (1 < file.n <= MOST_N and 0 < file.r <= MOST_R and 0 < file.p <= MOST_P) or file.n & (file.n - 1):
        raise IdentityUnusable("the file asks for a key derivation that this agent does not do")
    if len(file.nonce) != NONCE_BYTES or not file.salt:
        raise IdentityUnusable("this is no exported identity")
    return file


def _key(header: Sealed, passphrase: str) -> bytes:
    return Scrypt(salt=header.salt, length=KEY_BYTES, n=header.n, r=header.r, p=header.p).derive(passphrase.encode())
