"""A peer that this jump leaves unanswered asks to be removed from WireGuard and added again; pure.

WireGuard refuses every handshake of a peer that is dated before the last one. So a handshake dated in
the future, by a thief or by a clock that was set back later, bars the peer until it is added again.
"""

import logging
from dataclasses import replace

from agent.core.effects import Log, ResetPeer
from agent.core.events import PeerReset
from agent.core.state import State, Step

RESET_EVERY_S = 60.0  # of one peer
MOST_WAITING = 32  # a peer whose request is dropped asks again in a minute


def asked(state: State, peer_id: str, at_s: float) -> Step:
    """Remove the peer and add it again, unless that was done a moment ago."""
    recent = {known: since for known, since in state.reset_at_s.items() if at_s - since < RESET_EVERY_S}
    public_key = next((key for key, known in state.beats.peer_ids.items() if known == peer_id), None)
    if public_key is None or peer_id in recent or state.resetting >= MOST_WAITING:
        return replace(state, reset_at_s=recent), ()
    resetting = replace(state, reset_at_s={**recent, peer_id: at_s}, resetting=state.resetting + 1)
    return resetting, (ResetPeer(public_key),)


def done(state: State, event: PeerReset) -> Step:
    log = Log(logging.WARNING, "peer_reset", {"error": event.error})
    return replace(state, resetting=state.resetting - 1), (log,)
