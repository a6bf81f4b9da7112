"""Identifiers. Ids sort by the time they were made; a peer's begins with its kind."""

from typing import Literal, NewType

NetworkId = NewType("NetworkId", str)
PeerId = NewType("PeerId", str)
PrincipalId = NewType("PrincipalId", str)
ConnectionId = NewType("ConnectionId", str)
Revision = NewType("Revision", int)

Prefix = Literal["net", "jmp", "dyn", "sta", "tok", "ses", "tkt"]
