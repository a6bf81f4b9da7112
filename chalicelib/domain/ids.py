"""Identifiers. Ids sort by the time they were made; a peer's begins with its kind."""

import re
from typing import Literal, NewType

NetworkId = NewType("NetworkId", str)
PeerId = NewType("PeerId", str)
PrincipalId = NewType("PrincipalId", str)
JoinKeyId = NewType("JoinKeyId", str)
IncidentId = NewType("IncidentId", str)
HookId = NewType("HookId", str)
ConnectionId = NewType("ConnectionId", str)
Revision = NewType("Revision", int)

DEPLOYMENT = NetworkId("deployment")  # where what belongs to no network stands
EVERY_NETWORK = NetworkId("org")  # in the place of all networks of the deployment

HOOK_ID = re.compile(r"whk_[0-9a-z]{1,64}\Z")
EVENT_ID = re.compile(r"evt_[0-9a-z]{1,64}\Z")
INCIDENT_ID = re.compile(r"inc_[0-9a-z]{1,64}\Z")
JOIN_KEY_ID = re.compile(r"key_[0-9a-z]{1,64}\Z")
PEER_ID = re.compile(r"(jmp|dyn|sta)_[0-9a-z]{1,64}\Z")

Prefix = Literal["net", "jmp", "dyn", "sta", "tok", "ses", "tkt", "req", "aud", "key", "inc", "whk"]


def is_jump(peer_id: PeerId) -> bool:
    return peer_id.startswith("jmp_")


def is_static(peer_id: PeerId) -> bool:
    return peer_id.startswith("sta_")
