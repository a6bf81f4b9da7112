"""What was planned, told to sockets.

Requests: 1 post a socket, and while it waits for a new home, 1 read each ASK_EVERY_S. A socket that is
gone 1 write; those the gateway failed with 1 message. What ends a peer 2 queries and 1 write a session
before that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from chalicelib.domain.change.agent_notices import AccessRevoked, ConfigChanged, PeerEnded
from chalicelib.domain.change.browser_notices import AccountChanged
from chalicelib.domain.ids import ConnectionId, Revision
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.progress import ProgressStore
from chalicelib.ports.queues import Push, PushQueue
from chalicelib.ports.sessions import SessionStore
from chalicelib.ports.sockets import Connection, ConnectionStore, Gateway, Missed

SETTLING = timedelta(seconds=30)  # a post before $connect has returned is answered "gone"
RETRY_DELAY = timedelta(seconds=1)
MOST_TRIES = 6  # with one socket, over a minute or two
LONGEST_WAIT_S = 60
ASK_EVERY_S = 0.05

Reason = Literal["peer_deleted", "session_ended"]


class NotTold(Exception):
    """The gateway failed with these sockets again and again."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Notices to sockets; what is not open yet or cannot be told now is told again, what is gone or over forgotten."""

    connections: ConnectionStore
    sessions: SessionStore
    progress: ProgressStore
    queue: PushQueue
    gateway: Gateway
    clock: Clock
    randomness: Randomness

    def deliver(self, push: Push) -> None:
        """Tell each socket of a push.

        Raises:
            NotTold: MOST_TRIES were in vain.
        """
        if isinstance(push.notice, PeerEnded | AccessRevoked):
            self._end(push, push.notice)
            return
        if isinstance(push.notice, AccountChanged):
            self._close(push, push.connections, "session_ended")
            return
        self._wait(push)
        now = self.clock.now()
        over = [known for known in push.connections if known.expires_at <= now]
        told = [known for known in push.connections if known.expires_at > now]
        missed = self.gateway.tell([known.connection_id for known in told], push.notice)
        settling = self._told_when_open(push, told, missed)
        for known in over:
            self.gateway.dismiss(known.connection_id, "session_ended")
        for known in [*over, *(known for known in told if known.connection_id in missed.gone)]:
            if known not in settling:
                self.connections.remove(known)
        self._tell_again(push, (known for known in told if known.connection_id in missed.failed))

    def _wait(self, push: Push) -> None:
        """Until all that have to be first have applied, or the time is over."""
        if not isinstance(push.notice, ConfigChanged) or push.until is None:
            return
        waiting = list(push.after)
        while waiting and self.clock.now() < push.until:
            waiting = [known for known in waiting if self.progress.applied_revision(known) < push.notice.revision]
            if waiting:
                self.clock.sleep(ASK_EVERY_S)

    def _end(self, push: Push, notice: PeerEnded | AccessRevoked) -> None:
        """End the peer's sessions, then say so to its sockets and close them.

        Who opens a socket looks for its session afterwards: one that was opened while the plan had
        looked already is found here, and a later one finds no session. Later tries are for the sockets
        that are left: the next machine may have come meanwhile.
        """
        sockets = push.connections if push.tries else self._without_sessions(push, notice)
        self._close(push, sockets, _reason(notice), notice.retry_in_s)

    def _close(self, push: Push, sockets: Sequence[Connection], reason: Reason, later_s: int = 0) -> None:
        missed = self.gateway.tell([known.connection_id for known in sockets], push.notice)
        open_still = [known for known in sockets if not self.gateway.dismiss(known.connection_id, reason, later_s)]
        self._told_when_open(push, sockets, missed)
        self._tell_again(push, open_still)

    def _without_sessions(self, push: Push, notice: PeerEnded | AccessRevoked) -> Sequence[Connection]:
        """The sockets of a peer whose sessions are over."""
        self.sessions.end_all(notice.peer_id)
        found = self.connections.of_agent(notice.network_id, notice.peer_id)
        return list({known.connection_id: known for known in [*push.connections, *found]}.values())

    def _told_when_open(self, push: Push, sockets: Iterable[Connection], missed: Missed) -> Sequence[Connection]:
        """Queue again what may be about to open; answers these."""
        now = self.clock.now()
        gone = (known for known in sockets if known.connection_id in missed.gone)
        settling = tuple(known for known in gone if now - known.connected_at < SETTLING)
        if settling:
            self.queue.send([replace(push, connections=settling, tries=max(push.tries, 1))], delay=RETRY_DELAY)
        return settling

    def _tell_again(self, push: Push, sockets: Iterable[Connection]) -> None:
        """Queue those the gateway failed with, each time for longer."""
        left = tuple(sockets)
        if not left:
            return
        if push.tries >= MOST_TRIES:
            raise NotTold(f"{len(left)} sockets after {push.tries} tries")
        longest_s = min(2 ** (push.tries + 1), LONGEST_WAIT_S)
        delay = timedelta(seconds=1 + int(self.randomness.share() * longest_s))
        self.queue.send([replace(push, connections=left, tries=push.tries + 1)], delay=delay)


def _reason(notice: PeerEnded | AccessRevoked) -> Reason:
    return "peer_deleted" if isinstance(notice, PeerEnded) else "session_ended"


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
