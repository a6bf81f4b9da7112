"""What waits in the queues, as text. Apart from the queues: who only reads needs no boto3."""

from collections.abc import Mapping
from datetime import datetime
from typing import get_args

import msgspec

from chalicelib.domain.change.push_notice import Notice
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.failover import Errand
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.ports.queues import Check, Push
from chalicelib.ports.sockets import Connection

NOTICES: Mapping[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}
ERRANDS: Mapping[str, type[Errand]] = {kind.__name__: kind for kind in get_args(Errand)}


class Told(msgspec.Struct, frozen=True, tag="push"):
    """A push; `kind` names the notice's type."""

    kind: str
    notice: msgspec.Raw
    connections: tuple[Connection, ...]
    after: tuple[PeerId, ...] = ()
    until: datetime | None = None
    tries: int = 0


class Due(msgspec.Struct, frozen=True, tag="check"):
    check: Check


class _Removal(msgspec.Struct, frozen=True):
    """`turn`: how many messages of this removal came before."""

    network_id: NetworkId
    turn: int = 0


def removal_from(body: str) -> tuple[NetworkId, int]:
    """The network to go on removing, and the turn; raises msgspec.DecodeError."""
    message = msgspec.json.decode(body, type=_Removal)
    return message.network_id, message.turn


def removal_text(network_id: NetworkId, turn: int) -> str:
    return msgspec.json.encode(_Removal(network_id, turn)).decode()


def message_from(body: str) -> Push | Check:
    """Parse a message; raises msgspec.DecodeError, KeyError for a kind of notice that is not known."""
    message: Told | Due = msgspec.json.decode(body, type=Told | Due)
    if isinstance(message, Due):
        return message.check
    notice = msgspec.json.decode(message.notice, type=NOTICES[message.kind])
    return Push(notice, message.connections, message.after, message.until, message.tries)


def message_of(message: Push | Check) -> str:
    if isinstance(message, Check):
        return msgspec.json.encode(Due(message)).decode()
    notice = msgspec.Raw(msgspec.json.encode(message.notice))
    kind, waiting = type(message.notice).__name__, (message.after, message.until, message.tries)
    told = Told(kind, notice, message.connections, *waiting)
    return msgspec.json.encode(told).decode()


def held_from(body: str) -> PskHeld:
    """Parse an agent's word; raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=PskHeld)


def held_text(word: PskHeld) -> str:
    return msgspec.json.encode(word).decode()


class _Errand(msgspec.Struct, frozen=True):
    kind: str
    errand: msgspec.Raw


def errand_from(body: str) -> Errand:
    """Parse an errand; raises msgspec.DecodeError, KeyError for a kind that is not known."""
    message = msgspec.json.decode(body, type=_Errand)
    return msgspec.json.decode(message.errand, type=ERRANDS[message.kind])


def errand_text(errand: Errand) -> str:
    raw = msgspec.Raw(msgspec.json.encode(errand))
    return msgspec.json.encode(_Errand(type(errand).__name__, raw)).decode()
