"""Notices as the frames of `wire` they travel in."""

from typing import assert_never

from chalicelib.domain.change.agent_notices import (
    AccessRevoked,
    ConfigChanged,
    PeerEnded,
    ResetWanted,
    SignOfLifeWanted,
)
from chalicelib.domain.change.browser_notices import AccountChanged, IncidentChanged, NetworkChanged, PresenceChanged
from chalicelib.domain.change.notices import Notice
from chalicelib.domain.peer.presence import Fact, Status
from chalicelib.wire import browser_frames, frames

Frame = (
    frames.ConfigChanged
    | frames.Probe
    | frames.Reset
    | browser_frames.NetworkChanged
    | browser_frames.PeerStatus
    | browser_frames.IncidentChanged
    | browser_frames.AccountChanged
)


def frame_of(notice: Notice, generation: int) -> Frame:
    match notice:
        case ConfigChanged():
            return frames.ConfigChanged(
                network_id=notice.network_id,
                generation=generation,
                revision=notice.revision,
                within_ms=notice.within_ms,
            )
        case PeerEnded() | AccessRevoked():
            return frames.ConfigChanged(
                network_id=notice.network_id,
                generation=generation,
                revision=notice.revision,
                within_ms=notice.retry_in_s * 1_000,
            )
        case NetworkChanged():
            return browser_frames.NetworkChanged(
                network_id=notice.network_id,
                generation=generation,
                revision=notice.revision,
                what=notice.what.value,
                peer_id=notice.peer_id,
            )
        case PresenceChanged():
            return browser_frames.PeerStatus(
                network_id=notice.network_id, peers=[_shown(fact) for fact in notice.facts]
            )
        case IncidentChanged():
            return browser_frames.IncidentChanged(
                network_id=notice.network_id,
                incident_id=notice.incident_id,
                peer_id=notice.peer_id,
                incident_type=notice.type.value,
                state=notice.state.value,
                reaction=notice.reaction.value,
                at=notice.at,
                containment_ms=notice.containment_ms,
            )
        case AccountChanged():
            return browser_frames.AccountChanged()
        case SignOfLifeWanted():
            return frames.Probe()
        case ResetWanted():
            return frames.Reset(peer_id=notice.peer_id)
        case _:
            assert_never(notice)


def _shown(fact: Fact) -> browser_frames.PeerFact:
    return browser_frames.PeerFact(peer_id=fact.peer_id, fact=fact.kind.value, status=_status(fact), at=fact.at)


def _status(fact: Fact) -> browser_frames.FactStatus:
    match fact.status:
        case Status.ONLINE:
            return "online"
        case Status.OFFLINE:
            return "offline"
        case _:
            return None
