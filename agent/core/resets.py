"""A peer that this jump leaves unanswered asks to be made anew; pure.

A handshake dated in the future, by a thief or by a clock that went back, bars the peer until its
section is removed and added again.
"""

from dataclasses import replace

from agent.core.effects import ResetPeer
from agent.core.state import State, Step

RESET_EVERY_S = 60.0  # of one peer
MOST_WAITING = 32  # who is not heard asks again in a minute


def asked(state: State, peer_id: str, at_s: float) -> Step:
    """Make the section anew, unless that was done a moment ago."""
    recent = {known: since for known, since in state.reset_at_s.items() if at_s - since < RESET_EVERY_S}
    public_key = next((key for key, known in state.beats.peer_ids.items() if known == peer_id), None)
    if public_key is None or peer_id in recent or state.resetting >= MOST_WAITING:
        return replace(state, reset_at_s=recent), ()
    resetting = replace(state, reset_at_s={**recent, peer_id: at_s}, resetting=state.resetting + 1)
    return resetting, (ResetPeer(public_key),)


def done(state: State) -> State:
    return replace(state, resetting=state.resetting - 1)
