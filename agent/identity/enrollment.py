"""One enrolment of this host: who it is to which control plane, and its keys."""

import hashlib
import re

import msgspec

INTERFACE_PREFIX = "wy"
FOREIGN_INTERFACE = re.compile(rf"(?!{INTERFACE_PREFIX})[a-zA-Z0-9_.:@-]{{1,15}}")


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Private keys made on this host, base64; they never leave it. `made_at`: unix seconds when `private_key`
    came into use; `next_private_key`: made to replace it, not used yet."""

    private_key: str
    device_key: str
    made_at: float = 0.0
    next_private_key: str | None = None

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
    def is_jump(self) -> bool:
        return self.peer_id.startswith("jmp_")

    @property
    def interface(self) -> str:
        return interface_name(self.network_id, self.peer_id)


def interface_name(network_id: str, peer_id: str) -> str:
    """`wy` and 8 hex digits: the name of the interface and of its nftables table."""
    digest = hashlib.sha256(f"{network_id}/{peer_id}".encode()).hexdigest()
    return INTERFACE_PREFIX + digest[:8]
