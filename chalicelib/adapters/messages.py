"""What waits in the queue of pushes, as text. Apart from the queue: whoever only reads it needs no boto3."""

from collections.abc import Mapping
from typing import get_args

import msgspec

from chalicelib.domain.notice import Notice
from chalicelib.ports import Check, Connection, Push

NOTICES: Mapping[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}


class Told(msgspec.Struct, frozen=True, tag="push"):
    """A push; `kind` names the notice's type."""

    kind: str
    notice: msgspec.Raw
    connections: tuple[Connection, ...]


class Due(msgspec.Struct, frozen=True, tag="check"):
    check: Check


def message_from(body: str) -> Push | Check:
    """Parse a message; raises msgspec.DecodeError, KeyError for a kind of notice that is not known."""
    message: Told | Due = msgspec.json.decode(body, type=Told | Due)
    if isinstance(message, Due):
        return message.check
    return Push(msgspec.json.decode(message.notice, type=NOTICES[message.kind]), message.connections)


def message_of(message: Push | Check) -> str:
    if isinstance(message, Check):
        return msgspec.json.encode(Due(message)).decode()
    notice = msgspec.Raw(msgspec.json.encode(message.notice))
    return msgspec.json.encode(Told(type(message.notice).__name__, notice, message.connections)).decode()
