"""What a change of a network comes to: told by how its peers differ, whatever kind of change it was."""

from collections.abc import Iterator

from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.webhook.event import Event, EventType, event_of

JUMPS = {What.JUMP_DOWN: EventType.JUMP_DOWN, What.JUMP_UP: EventType.JUMP_UP}


def events_of_change(change: Change) -> Iterator[Event]:
    """In the order of the peers that it affected."""
    if change.what in JUMPS and change.note is not None:
        kind = JUMPS[change.what]
        yield event_of(kind, change.at, change.network_id, str(change.revision), **_by(change), peer_id=change.note)
    for affected in change.peers:
        peer = affected.peer
        for kind in _kinds(affected):
            source = f"{change.revision} {peer.id}"
            yield event_of(kind, change.at, change.network_id, source, **_by(change), **_shown(peer))


def _kinds(affected: Affected) -> Iterator[EventType]:
    before, after = affected.before, affected.after
    if after is None:
        yield EventType.PEER_DELETED
        return
    if before is None:
        yield EventType.PEER_CREATED
    if after.awaits_approval and (before is None or not before.awaits_approval):
        yield EventType.JOIN_PENDING
    if after.is_blocked != (before is not None and before.is_blocked):
        yield EventType.PEER_BLOCKED if after.is_blocked else EventType.PEER_UNBLOCKED
    if before is not None and None is not before.public_key != after.public_key:
        yield EventType.KEY_ROTATED


def _by(change: Change) -> dict[str, str | int]:
    return {"network_id": change.network_id, "revision": change.revision, "by": change.by}


def _shown(peer: Peer) -> dict[str, str | tuple[str, ...]]:
    return {"peer_id": peer.id, "name": peer.name, "kind": peer.kind.value, "tags": peer.tags}
