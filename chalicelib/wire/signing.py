"""What the deployment signs, and where the signature travels.

Ed25519 (RFC 8032) over a statement: what the body is, for whom, of which revision, and the
body itself, uncompressed. One signature is good for one kind of body and one peer.
"""

from dataclasses import dataclass
from typing import Literal

SIGNATURE_HEADER = "Wirety-Signature"  # base64


@dataclass(frozen=True, slots=True)
class Subject:
    """Of what a signature speaks. `tombstone`: the problem that carries one."""

    kind: Literal["bundle", "delta", "tombstone"]
    network_id: str
    peer_id: str
    generation: int
    revision: int

    def statement(self, body: bytes) -> bytes:
        """The bytes that are signed."""
        lines = (f"wirety {self.kind} v1", self.network_id, self.peer_id, self.generation, self.revision)
        return "".join(f"{line}\n" for line in lines).encode() + body
