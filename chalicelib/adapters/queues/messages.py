"""What waits in the queues, as text. Apart from the queues: who only reads needs no boto3."""

from collections.abc import Mapping
from datetime import datetime
from typing import get_args

import msgspec

from chalicelib.domain.change.notices import Notice
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.domain.webhook.delivery import HookTask
from chalicelib.ports.queues import Check, LookTask, Push
from chalicelib.ports.sockets import Connection

NOTICES: Mapping[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}
FAILOVER_TASKS: Mapping[str, type[LookTask]] = {kind.__name__: kind for kind in get_args(LookTask)}

HOOK_TASKS: Mapping[str, type[HookTask]] = {kind.__name__: kind for kind in get_args(HookTask)}


class PushMessage(msgspec.Struct, frozen=True, tag="push"):
    """A push; `kind` names the notice's type."""

    kind: str
    notice: msgspec.Raw
    connections: tuple[Connection, ...]
    after: tuple[PeerId, ...] = ()
    until: datetime | None = None
    tries: int = 0


class CheckMessage(msgspec.Struct, frozen=True, tag="check"):
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
    message: PushMessage | CheckMessage = msgspec.json.decode(body, type=PushMessage | CheckMessage)
    if isinstance(message, CheckMessage):
        return message.check
    notice = msgspec.json.decode(message.notice, type=NOTICES[message.kind])
    return Push(notice, message.connections, message.after, message.until, message.tries)


def message_of(message: Push | Check) -> str:
    if isinstance(message, Check):
        return msgspec.json.encode(CheckMessage(message)).decode()
    notice = msgspec.Raw(msgspec.json.encode(message.notice))
    kind, waiting = type(message.notice).__name__, (message.after, message.until, message.tries)
    told = PushMessage(kind, notice, message.connections, *waiting)
    return msgspec.json.encode(told).decode()


def held_from(body: str) -> PskHeld:
    """Parse an agent's word; raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=PskHeld)


def held_text(word: PskHeld) -> str:
    return msgspec.json.encode(word).decode()


class _HookTask(msgspec.Struct, frozen=True):
    kind: str
    task: msgspec.Raw


def hook_task_from(body: str) -> HookTask:
    """Parse a task of webhooks; raises msgspec.DecodeError, KeyError for a kind that is not known."""
    message = msgspec.json.decode(body, type=_HookTask)
    return msgspec.json.decode(message.task, type=HOOK_TASKS[message.kind])


def hook_task_text(task: HookTask) -> str:
    raw = msgspec.Raw(msgspec.json.encode(task))
    return msgspec.json.encode(_HookTask(type(task).__name__, raw)).decode()


class _FailoverTask(msgspec.Struct, frozen=True):
    kind: str
    task: msgspec.Raw


def failover_task_from(body: str) -> LookTask:
    """Parse a failover task; raises msgspec.DecodeError, KeyError for a kind that is not known."""
    message = msgspec.json.decode(body, type=_FailoverTask)
    return msgspec.json.decode(message.task, type=FAILOVER_TASKS[message.kind])


def failover_task_text(task: LookTask) -> str:
    raw = msgspec.Raw(msgspec.json.encode(task))
    return msgspec.json.encode(_FailoverTask(type(task).__name__, raw)).decode()
