"""Notices as the frames of `wire` they travel in."""

from typing import assert_never

from chalicelib.domain.change.push_notice import (
    AccessRevoked,
    AccountChanged,
    ConfigChanged,
    NetworkChanged,
    Notice,
    PeerEnded,
    PresenceChanged,
    ResetWanted,
    SignOfLifeWanted,
)
from chalicelib.domain.peer.presence import Fact, Status
from chalicelib.wire import browser, frames

Frame = (
    frames.ConfigChanged
    | frames.Probe
    | frames.Reset
    | browser.NetworkChanged
    | browser.PeerStatus
    | browser.AccountChanged
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
            return browser.NetworkChanged(
                network_id=notice.network_id,
                generation=generation,
                revision=notice.revision,
                what=notice.what.value,
                peer_id=notice.peer_id,
            )
        case PresenceChanged():
            return browser.PeerStatus(network_id=notice.network_id, peers=[_shown(fact) for fact in notice.facts])
        case AccountChanged():
            return browser.AccountChanged()
        case SignOfLifeWanted():
            return frames.Probe()
        case ResetWanted():
            return frames.Reset(peer_id=notice.peer_id)
        case _:
            assert_never(notice)


def _shown(fact: Fact) -> browser.PeerFact:
    return browser.PeerFact(peer_id=fact.peer_id, fact=fact.kind.value, status=_status(fact), at=fact.at)


def _status(fact: Fact) -> browser.FactStatus:
    match fact.status:
        case Status.ONLINE:
            return "online"
        case Status.OFFLINE:
            return "offline"
        case _:
            return None
