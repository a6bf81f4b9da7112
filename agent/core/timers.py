"""The timers of the core: each fires once, and setting it again replaces it."""

from enum import Enum


class Timer(Enum):
    CONNECT = "connect"
    RENEW = "renew"
    FETCH = "fetch"
    TURN = "turn"
    FULL_FETCH = "full_fetch"
    HEARTBEAT = "heartbeat"
    ACK = "ack"
    REPORT = "report"
    PROBE = "probe"
    RELIEVED = "relieved"
    RECONCILE = "reconcile"
    SAVE = "save"
    KEYS = "keys"
    KEY_AGE = "key_age"
    TEAR_DOWN = "tear_down"
    ALONE = "alone"
