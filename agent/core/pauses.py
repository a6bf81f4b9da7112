"""How long the way to the control plane bears silence; pure.

Some proxies end a socket over which nothing was said for a while, long before API Gateway does. But a
socket also ends in silence when a host changes networks or wakes from sleep. So the first such end is
only a suspicion, which any longer silence clears. A second one in a row is believed.
"""

from dataclasses import replace

from agent.core.state import Pauses

SILENCE_AT_LEAST_S = 20.0
SHORTEST_S = 15.0
BELIEVED_FOR_S = 86_400.0  # networks change


def opened(pauses: Pauses, at_s: float) -> Pauses:
    """A socket was welcomed. What was learned more than a day ago is forgotten."""
    if pauses.bearable_s is not None and at_s - pauses.learned_at_s >= BELIEVED_FOR_S:
        return Pauses(heard_at_s=at_s)
    return replace(pauses, heard_at_s=at_s)


def heard(pauses: Pauses, at_s: float) -> Pauses:
    """A frame came, so the way has borne the silence before it."""
    silence_s = _silence_s(pauses, at_s)
    is_cleared = pauses.cut_after_s is not None and silence_s >= pauses.cut_after_s
    return replace(pauses, heard_at_s=at_s, cut_after_s=None if is_cleared else pauses.cut_after_s)


def closed(pauses: Pauses, at_s: float) -> Pauses:
    """An open socket was ended by others. After the second such end in a row, half of the shorter silence is borne."""
    silence_s = _silence_s(pauses, at_s)
    if silence_s < SILENCE_AT_LEAST_S:
        return replace(pauses, heard_at_s=None)
    if pauses.cut_after_s is None:
        return replace(pauses, heard_at_s=None, cut_after_s=silence_s)
    bearable_s = max(SHORTEST_S, min(silence_s, pauses.cut_after_s) / 2)
    return Pauses(bearable_s=bearable_s, learned_at_s=at_s)


def _silence_s(pauses: Pauses, at_s: float) -> float:
    return 0.0 if pauses.heard_at_s is None else at_s - pauses.heard_at_s
