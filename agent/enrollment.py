"""One enrolment of this host: who it is to which control plane, and its keys."""

import hashlib

import msgspec

INTERFACE_PREFIX = "wy"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Private keys made on this host, base64; they never leave it."""

    private_key: str
    device_key: str

    def __repr__(self) -> str:
        return "Keys(...)"


class Enrollment(msgspec.Struct, frozen=True, kw_only=True):
    """`signing_key`: the deployment's (Ed25519, base64), pinned. `former_interfaces`: what earlier enrolments
    in this network may have left behind."""

    server: str
    network_id: str
    peer_id: str
    signing_key: str
    keys: Keys
    former_interfaces: list[str] = []

    @property
    def interface(self) -> str:
        return interface_name(self.network_id, self.peer_id)


def interface_name(network_id: str, peer_id: str) -> str:
    """`wy` and 8 hex digits: the name of the interface and of its nftables table."""
    digest = hashlib.sha256(f"{network_id}/{peer_id}".encode()).hexdigest()
    return INTERFACE_PREFIX + digest[:8]
