"""Which changes of networks are somebody's act, and what the audit log says of them."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import texts_of
from chalicelib.domain.identity.audit import (
    Actor,
    ActorKind,
    AuditId,
    AuditRecord,
    Detail,
    Details,
    Target,
    TargetKind,
)
from chalicelib.domain.identity.principal import Caller
from chalicelib.domain.peer.patch import SETTINGS
from chalicelib.domain.peer.peer import Peer

ACTS_OF_AGENTS = frozenset({What.PEER_ENROLLED, What.PEER_LEFT, What.PEER_DELETED, What.KEY_STAGED, What.KEY_ROTATED})
SHOWN = sorted(SETTINGS | {"kind", "public_key", "awaits_approval", "is_ephemeral"})


def is_audited(change: Change, by: Caller) -> bool:
    """Whether somebody did it: a person, a token or a join key whatever they change, an agent when it proves who it is
    or replaces its key, the detector when it blocks a peer. What follows of itself, as homes that move and a removal's
    rest, is in the change log alone."""
    match by.actor.kind:
        case ActorKind.DEPLOYMENT:
            return change.what is What.PEER_BLOCKED  # by an incident
        case ActorKind.AGENT:
            return change.what in ACTS_OF_AGENTS
        case _:
            return True


def audit_record(audit_id: AuditId, change: Change, network_name: str, by: Caller) -> AuditRecord:
    """The record of a change; of one peer that changed it is about the peer, else about the network."""
    before, after = _details(change)
    return AuditRecord(
        id=audit_id,
        at=change.at,
        actor=_named(by.actor, change.peers),
        source=by.source,
        action=change.what.value,
        target=_target(change, network_name),
        network_id=change.network_id,
        before=before,
        after=after,
        request_id=by.request_id,
    )


def _named(actor: Actor, peers: Sequence[Affected]) -> Actor:
    """An agent has its peer's name."""
    own = [one.peer.name for one in peers if one.peer.id == actor.id]
    return replace(actor, name=own[0]) if own else actor


def _target(change: Change, network_name: str) -> Target:
    if len(change.peers) == 1:
        peer = change.peers[0].peer
        return Target(TargetKind.PEER, peer.id, peer.name)
    return Target(TargetKind.NETWORK, change.network_id, network_name)


def _details(change: Change) -> tuple[Details | None, Details | None]:
    """What is other, before and after."""
    if len(change.peers) == 1:
        return _of_peer(change.peers[0])
    if change.peers:
        before = tuple(one.before.id for one in change.peers if one.before is not None)
        after = tuple(one.after.id for one in change.peers if one.after is not None)
        return ({"peers": before} if before else None), ({"peers": after} if after else None)
    texts = texts_of(change.network)
    was_there, is_left = change.what is not What.NETWORK_CREATED, change.what is not What.NETWORK_DELETED
    return (
        {name: old for name, (old, _) in texts.items()} if was_there else None,
        {name: new for name, (_, new) in texts.items()} if is_left else None,
    )


def _of_peer(one: Affected) -> tuple[Details | None, Details | None]:
    before, after = _shown(one.before), _shown(one.after)
    if before is None or after is None:
        return before, after
    names = [name for name in SHOWN if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def _shown(peer: Peer | None) -> Details | None:
    """What is set of a peer."""
    if peer is None:
        return None
    values = {name: _detail(getattr(peer, name)) for name in SHOWN}
    return {name: value for name, value in values.items() if value not in (None, False, ())}


def _detail(value: object) -> Detail:
    match value:
        case None | bool() | int():
            return value
        case tuple():
            return tuple(map(str, value))
        case dict():
            return tuple(f"{name}={text}" for name, text in sorted(value.items()))
        case _:
            return str(value)
