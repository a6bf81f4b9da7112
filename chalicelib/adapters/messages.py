"""Pushes as the texts that wait in the queue. Apart from the queue: whoever only reads them needs no boto3."""

from collections.abc import Mapping
from typing import get_args

import msgspec

from chalicelib.domain.notice import Notice
from chalicelib.ports import Connection, Push

NOTICES: Mapping[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}


class Message(msgspec.Struct, frozen=True):
    """A push as it waits in the queue; `kind` names the notice's type."""

    kind: str
    notice: msgspec.Raw
    connections: tuple[Connection, ...]


def push_from(body: str) -> Push:
    """Parse a message; raises msgspec.DecodeError, KeyError for a kind of notice that is not known."""
    message = msgspec.json.decode(body, type=Message)
    return Push(msgspec.json.decode(message.notice, type=NOTICES[message.kind]), message.connections)


def message_of(push: Push) -> str:
    notice = msgspec.Raw(msgspec.json.encode(push.notice))
    return msgspec.json.encode(Message(type(push.notice).__name__, notice, push.connections)).decode()
