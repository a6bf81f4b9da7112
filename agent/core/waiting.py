"""How long the agent waits, and why; the random part is drawn by the runtime."""

from agent.core.effects import SetTimer
from agent.core.timers import Timer

BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 60.0
FIRST_TRY_S = 4.0  # a thousand agents that lose their sockets at one moment are 250 a second; API Gateway admits 500
JUMP_FIRST_TRY_S = 1.0  # jumps are few, and a jump without a socket for 5 s counts as silent
TRIES_GROW_BY = 0.2  # times how long the control plane has been away
MOST_BETWEEN_TRIES_S = 50.0
MOST_TOLD_S = 300.0  # the answer may be a proxy's, and ask for any wait
MOST_TOLD_OF_A_CALL_S = 3600.0
MOST_TOLD_SPREAD_S = 60.0
SOCKET_LIFE_S = 58 * 60  # API Gateway ends a socket after 2 h, this deployment after 1 h
RENEWED_WITHIN_S = 15.0
ACK_WITHIN_S = 10.0
FULL_FETCH_S = 3600.0
RECONCILE_S = 60.0
UNRESOLVED_RECONCILE_S = 8.0
SAVE_AGAIN_S = 60.0
PROBE_S = 2.0
RELIEVED_S = 5.0
HEARTBEAT_S = 540.0  # API Gateway and CloudFront end a socket that was silent for 600 s
JUMP_HEARTBEAT_S = 45.0
NEWS_WITHIN_S = 30.0  # with 120 to 145 s between two handshakes this stays below the 180 s of a dead session
NEXT_PARTS_S = (1.0, 2.0)
JUMP_LOOK_S = 1.0
SPREAD_S = 20.0
MOST_SPREAD_S = 60.0
KEY_OVERDUE_S = (60.0, 600.0)
LOOK_S = 5.0  # half of the tolerance with which handshakes are compared


def backed_off(timer: Timer, failures: int, told_s: float | None = None) -> SetTimer:
    """Full jitter: anywhere up to an exponential bound, so that the agents of a fleet never act at the same moment.
    `told_s`: the wait that an answer asked for; it is the shortest one.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
    """
    bound = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(max(failures - 1, 0), 10))
    return _no_sooner(timer, min(told_s or 0.0, MOST_TOLD_OF_A_CALL_S), bound)


def next_try(away_s: float) -> SetTimer:
    """When another try to connect is due, counted from the beginning of this one, even if this one hangs.

    The agent has to be back within 5 s and a quarter of the outage, and within 60 s. So a try begins within 4 s and a
    fifth of the outage, and within 50 s, after its end; the difference is left for that try itself.
    """
    longest_s = _between_tries_s(away_s)
    return SetTimer(Timer.CONNECT, longest_s * 0.75, longest_s)


def come_back(told_s: float, away_s: float, is_jump: bool) -> SetTimer:
    """When to try again after a loss. `told_s`: the wait that an answer asked for; 0: none did."""
    window_s = JUMP_FIRST_TRY_S if is_jump and not away_s else _between_tries_s(away_s)
    return _no_sooner(Timer.CONNECT, min(told_s, MOST_TOLD_S), window_s)


def around(timer: Timer, interval_s: float) -> SetTimer:
    """After an interval, give or take a tenth of it."""
    return SetTimer(timer, interval_s * 0.9, interval_s * 1.1)


def within(timer: Timer, interval_s: float) -> SetTimer:
    """At the end of an interval, or up to a tenth of it earlier."""
    return SetTimer(timer, interval_s * 0.9, interval_s)


def key_age(due_in_s: float) -> SetTimer:
    """When a key is too old, give or take a twentieth. If it is so already, within ten minutes."""
    return SetTimer(Timer.KEY_AGE, max(due_in_s * 0.95, KEY_OVERDUE_S[0]), max(due_in_s * 1.05, KEY_OVERDUE_S[1]))


def renewal(lifetime_s: float) -> SetTimer:
    """Before the session ends, and before the socket may be ended; no sooner, for it costs a session and a socket."""
    life_s = min(lifetime_s * 0.95, SOCKET_LIFE_S)
    return SetTimer(Timer.RENEW, life_s * 0.9, life_s)


def _between_tries_s(away_s: float) -> float:
    return min(FIRST_TRY_S + TRIES_GROW_BY * away_s, MOST_BETWEEN_TRIES_S)


def _no_sooner(timer: Timer, told_s: float, window_s: float) -> SetTimer:
    """Many agents are told the same wait. So each adds a random part of it, a minute at most, to its own window."""
    return SetTimer(timer, told_s, told_s + min(told_s, MOST_TOLD_SPREAD_S) + window_s)
