"""How long the agent waits, and why; the random part is drawn by the runtime."""

from agent.effects import SetTimer
from agent.events import Timer

BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 60.0
SOCKET_LIFE_S = 58 * 60  # API Gateway ends a socket after 2 h, this deployment after 1 h
WELCOME_WITHIN_S = 15.0
ACK_WITHIN_S = 15.0
FULL_FETCH_S = 3600.0
RECONCILE_S = 60.0
UNRESOLVED_RECONCILE_S = 8.0
SAVE_AGAIN_S = 60.0
PROBE_S = 2.0
RELIEVED_S = 5.0
HEARTBEAT_S = 540.0  # API Gateway and CloudFront end a socket that was silent for 600 s
JUMP_HEARTBEAT_S = 45.0
NEWS_WITHIN_S = 30.0  # of a jump: with WireGuard's 120 to 145 s between handshakes below the 180 s of a dead session
NEXT_PARTS_S = (1.0, 2.0)
JUMP_LOOK_S = 1.0
SPREAD_S = 20.0
MOST_SPREAD_S = 60.0
KEY_OVERDUE_S = (60.0, 600.0)
LOOK_S = 5.0  # half of the tolerance with which handshakes are compared


def backed_off(timer: Timer, failures: int) -> SetTimer:
    """Full jitter: anywhere up to an exponential bound, so that a fleet never comes in step.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
    """
    bound = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(max(failures - 1, 0), 10))
    return SetTimer(timer, 0.0, bound)


def around(timer: Timer, interval_s: float) -> SetTimer:
    """An interval give or take a tenth."""
    return SetTimer(timer, interval_s * 0.9, interval_s * 1.1)


def within(timer: Timer, interval_s: float) -> SetTimer:
    """No later than an interval, and no more than a tenth earlier."""
    return SetTimer(timer, interval_s * 0.9, interval_s)


def key_age(due_in_s: float) -> SetTimer:
    """When a key is old: give or take a twentieth; one that was so at the start, within ten minutes."""
    return SetTimer(Timer.KEY_AGE, max(due_in_s * 0.95, KEY_OVERDUE_S[0]), max(due_in_s * 1.05, KEY_OVERDUE_S[1]))


def renewal(lifetime_s: float) -> SetTimer:
    """Before the session ends, and no later than a socket may live; each time costs a session and a socket."""
    life_s = min(lifetime_s * 0.95, SOCKET_LIFE_S)
    return SetTimer(Timer.RENEW, life_s * 0.9, life_s)
