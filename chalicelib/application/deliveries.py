"""What was planned, told to sockets.

Requests: 1 post a socket, and while it waits for a new home, 1 read each ASK_EVERY_S. A socket that is
gone 1 write; what ends a peer 1 query and 1 write a session more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.domain.ids import ConnectionId, Revision
from chalicelib.domain.notice import AccessRevoked, ConfigChanged, PeerEnded
from chalicelib.ports import Clock, ConnectionStore, Gateway, PresenceStore, Push, PushQueue, SessionStore

SETTLING = timedelta(seconds=30)  # a post before $connect has returned is answered "gone"
RETRY_DELAY = timedelta(seconds=1)
ASK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Notices to sockets; what is not open yet is told again, what is gone or over forgotten."""

    connections: ConnectionStore
    sessions: SessionStore
    presence: PresenceStore
    queue: PushQueue
    gateway: Gateway
    clock: Clock

    def deliver(self, push: Push) -> None:
        """Tell each socket of a push."""
        self._wait(push)
        now = self.clock.now()
        over = [known for known in push.connections if known.expires_at <= now]
        told = [known for known in push.connections if known.expires_at > now]
        gone = self.gateway.tell([known.connection_id for known in told], push.notice)
        if isinstance(push.notice, PeerEnded | AccessRevoked):
            self._end(push.notice, [known.connection_id for known in push.connections])
            return
        missed = [known for known in told if known.connection_id in gone]
        settling = tuple(known for known in missed if now - known.connected_at < SETTLING)
        if settling:
            self.queue.send([Push(push.notice, settling)], delay=RETRY_DELAY)
        for known in over:
            self.gateway.dismiss(known.connection_id, "session_ended")
        for known in [*over, *missed]:
            if known not in settling:
                self.connections.remove(known)

    def _wait(self, push: Push) -> None:
        """Until all that have to be first have applied, or the time is over."""
        if not isinstance(push.notice, ConfigChanged) or push.until is None:
            return
        waiting = list(push.after)
        while waiting and self.clock.now() < push.until:
            waiting = [known for known in waiting if self.presence.running(known) < push.notice.revision]
            if waiting:
                self.clock.sleep(ASK_EVERY_S)

    def _end(self, notice: PeerEnded | AccessRevoked, open_ids: list[ConnectionId]) -> None:
        """The hint is out: now sessions and sockets of the peer end."""
        self.sessions.end_all(notice.peer_id)
        for connection_id in open_ids:
            self.gateway.dismiss(connection_id, "peer_deleted" if isinstance(notice, PeerEnded) else "session_ended")


def without_stale(pushes: Sequence[Push]) -> list[Push]:
    """Pushes that wait together, less the hints at revisions that a socket is told a later one of anyway."""
    newest: dict[ConnectionId, Revision] = {}
    for push in pushes:
        if isinstance(push.notice, ConfigChanged):
            for known in push.connections:
                newest[known.connection_id] = max(push.notice.revision, newest.get(known.connection_id, Revision(0)))
    return [_only_newest(push, newest) for push in pushes]


def _only_newest(push: Push, newest: Mapping[ConnectionId, Revision]) -> Push:
    notice = push.notice
    if not isinstance(notice, ConfigChanged):
        return push
    left = tuple(known for known in push.connections if newest[known.connection_id] <= notice.revision)
    return replace(push, connections=left)
