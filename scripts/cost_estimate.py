"""What an idle agent and an idle deployment cost a month, from counted requests and list prices.

`python -m scripts.cost_estimate [--json]`. Prices: AWS's public list for us-east-1 as known in
2026; check them before relying on a sum. Nothing here has been measured on a bill.
"""

import argparse
import json
from dataclasses import dataclass

from agent.adapters.control_plane.rest import SESSION_LIFE_S
from chalicelib.domain.peer.presence import HEARTBEAT_JUMP, HEARTBEAT_REGULAR, MISSED_HEARTBEATS

HOURS = 730  # a month

# dollars
WRITE_UNIT = 0.625e-6  # DynamoDB on demand, up to 1 KB
READ_UNIT = 0.125e-6  # strongly consistent, up to 4 KB
INVOCATION = 0.20e-6  # Lambda
GB_SECOND = 16.6667e-6  # Lambda, x86
REST_CALL = 3.50e-6  # API Gateway REST
SOCKET_MESSAGE = 1.00e-6  # API Gateway WebSocket, 32 KB, each way
SOCKET_MINUTE = 0.25e-6
LOG_BYTE = 0.50e-9  # CloudWatch Logs, ingested
QUEUE_CALL = 0.40e-6  # SQS
KEY = 1.00  # KMS, a month
ALARM = 0.10  # CloudWatch, a month

MEMORY_GB = 0.5
QUEUE_CALLS = 3  # of one message: sent, received, deleted
LOG_LINE_BYTES = 350  # our one line; the template silences START, END and REPORT


@dataclass(frozen=True, slots=True)
class Use:
    """Counts of one use; `ms` of all its invocations together."""

    reads: int = 0
    writes: int = 0
    invocations: int = 0
    ms: int = 0
    rest_calls: int = 0
    messages: int = 0
    queued: int = 0

    def dollars(self) -> float:
        return (
            self.reads * READ_UNIT
            + self.writes * WRITE_UNIT
            + self.invocations * (INVOCATION + LOG_LINE_BYTES * LOG_BYTE)
            + self.ms / 1000 * MEMORY_GB * GB_SECOND
            + self.rest_calls * REST_CALL
            + self.messages * SOCKET_MESSAGE
            + self.queued * QUEUE_CALLS * QUEUE_CALL
        )


ALARMS = 43
QUEUES, QUEUE_POLLERS, POLL_S = 5, 5, 20  # what Lambda keeps asking an empty queue with

FRAME_MS, SESSION_MS, REST_MS = 20, 40, 60  # of one invocation: as seen locally, doubled

# Held against the simulated system by tests/scripts.
HEARTBEAT = Use(writes=1, invocations=1, ms=FRAME_MS, messages=2)  # and its ack
# a transaction's three items count twice, and the call is counted
SESSION = Use(reads=1, writes=7, invocations=1, ms=SESSION_MS, rest_calls=1)
SOCKET = Use(reads=2, writes=5, invocations=4, ms=4 * FRAME_MS, messages=2)  # authorizer, connect, hello, disconnect
NEWS = Use(reads=2, invocations=1, ms=FRAME_MS)  # that it connected; nobody watches
SILENCE_CHECK = Use(reads=2, invocations=1, ms=FRAME_MS, queued=1)  # of a jump, whether it is still heard
FETCH = Use(reads=6, invocations=1, ms=REST_MS, rest_calls=1)


def idle_agent(heartbeat_s: int, is_jump: bool = False) -> dict[str, float]:
    """Dollars a month by what they are for, at the mean of what is drawn by chance.

    Sessions and their sockets are renewed up to a tenth before 57 minutes, bundles compared after an
    hour give or take a tenth, heartbeats sent up to a tenth before `heartbeat_s`.
    """
    renewals = HOURS * 3600 / (SESSION_LIFE_S * 0.95 * 0.95)
    pause_s = heartbeat_s * 0.95
    beats = HOURS * 3600 / pause_s
    look_s = MISSED_HEARTBEATS * heartbeat_s - pause_s / 2  # the last heartbeat is half a pause old
    looks = is_jump * (HOURS * 3600 / look_s + renewals / 2)
    return {
        "heartbeats": beats * HEARTBEAT.dollars(),
        "sessions": renewals * SESSION.dollars(),
        "sockets": renewals * (SOCKET.dollars() + NEWS.dollars()),
        "connection minutes": HOURS * 60 * SOCKET_MINUTE,
        "full fetches": HOURS * FETCH.dollars(),
        "silence checks": looks * SILENCE_CHECK.dollars(),
    }


def idle_deployment() -> dict[str, float]:
    """Dollars a month before the first agent. The first million calls of SQS are free, and counted here."""
    return {
        "alarms": ALARMS * ALARM,
        "the key": KEY,
        "asking the empty queues": QUEUES * QUEUE_POLLERS * HOURS * 3600 / POLL_S * QUEUE_CALL,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    estimates = {
        "a regular agent": idle_agent(int(HEARTBEAT_REGULAR.total_seconds())),
        "a jump": idle_agent(int(HEARTBEAT_JUMP.total_seconds()), is_jump=True),
        "the deployment": idle_deployment(),
    }
    if parser.parse_args().json:
        print(json.dumps(estimates))
        return
    for name, terms in estimates.items():
        print(f"{name}: {sum(terms.values()):.4f} $ a month")
        for term, dollars in terms.items():
            print(f"  {term:24} {dollars:.4f}")


if __name__ == "__main__":
    main()
