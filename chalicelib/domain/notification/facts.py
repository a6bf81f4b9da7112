"""What facts of presence come to: agents that are away for longer than a reconnect takes, that are back from there, and
that are late with a change."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.peer.presence import Fact, FactKind
from chalicelib.domain.webhook.delivery import OfflineCheck
from chalicelib.domain.webhook.event import Event, EventType, event_of

MOST_LATE = 20  # agents that one event names


def late_events(facts: Iterable[Fact]) -> Iterator[Event]:
    """One for each look at a network, which finds all that are late at the same time.

    A look whose facts come in several batches gives the same event again, with others of its agents.
    """
    late: dict[tuple[str, object], list[Fact]] = {}
    for fact in facts:
        if fact.kind is FactKind.LATE:
            late.setdefault((fact.network_id, fact.at), []).append(fact)
    for group in late.values():
        peer_ids = tuple(sorted(str(fact.peer_id) for fact in group)[:MOST_LATE])
        network_id, at = group[0].network_id, group[0].at
        yield event_of(EventType.CHANGE_LATE, at, network_id, at.isoformat(), network_id=network_id, peer_ids=peer_ids)


def offline_check(fact: Fact) -> OfflineCheck | None:
    """What is to be looked at once OFFLINE_AFTER has passed; None: nothing."""
    if fact.kind is not FactKind.DISCONNECTED:
        return None
    return OfflineCheck(fact.network_id, fact.peer_id, fact.at)


def is_still_away(check: OfflineCheck, liveness: AgentLiveness) -> bool:
    """Whether the agent neither spoke nor opened a socket since. One that came and went again has another check."""
    if liveness.closed_at is not None and liveness.closed_at > check.since:
        return False
    return liveness.last_seen is None or liveness.last_seen <= check.since


def offline_event(check: OfflineCheck, peer: Peer) -> Event:
    return _presence_event(EventType.PEER_OFFLINE, peer, check.since)


def returned(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Those that tell of an agent that is online after it was not."""
    return (fact for fact in facts if fact.kind is FactKind.CONNECTED and fact.is_return)


def online_event(fact: Fact, peer: Peer) -> Event:
    return _presence_event(EventType.PEER_ONLINE, peer, fact.at)


def _presence_event(kind: EventType, peer: Peer, at: datetime) -> Event:
    return event_of(
        kind,
        at,
        peer.network_id,
        f"{peer.id} {at.isoformat()}",
        network_id=peer.network_id,
        peer_id=peer.id,
        name=peer.name,
        kind=peer.kind.value,
        tags=peer.tags,
        since=at.isoformat(),
    )
