"""How long an API token is still good for once it was revoked, against the deployed local cloud: by REST, and on a
socket that was open. A person's access ends the same way, by the same stream and queue.
"""

import tempfile
import threading
import time
from pathlib import Path

import requests
import websocket

from chalicelib.wire.browser import BrowserHello
from chalicelib.wire.codec import encode
from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.revocation import ANSWERS_S, Operator

ROUNDS = 25
CALLS_S = 0.02  # between two calls by REST
BARS = (Bar("revocation_ms", 60_000),)


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        return measured_on(stack, say, ROUNDS)


def measured_on(stack: LocalStack, say: Say, rounds: int) -> list[Figure]:
    """The longest of all rounds: with fewer than a hundred, the 99th of a hundred is the last."""
    taken = []
    for number in range(rounds):
        rest_ms, socket_ms = _ended_after_ms(stack.info)
        taken.append(max(rest_ms, socket_ms))
        say(f"round {number + 1} of {rounds}: REST accepted for {rest_ms:.0f} ms, the socket open for {socket_ms:.0f}")
    return [
        Figure("revocation_ms", round(max(taken), 1), "ms", rounds),
        Figure("revocation_p50_ms", round(sorted(taken)[len(taken) // 2], 1), "ms", rounds),
    ]


GROUP = Group("how long an API token that was revoked is good for, open sockets included", measure, BARS)


def _ended_after_ms(info: dict[str, str]) -> tuple[float, float]:
    """From the call that revokes to the last call by REST that was accepted, and to the end of the socket."""
    operator = Operator(info)
    made = operator.call("POST", "/tokens", {"name": "bench", "role": "auditor"})
    owner = Operator({**info, "api_token": made["secret"]})
    ticket = owner.call("POST", "/ws/tickets")["ticket"]
    socket = websocket.create_connection(f"{info['ws_url']}?ticket={ticket}", timeout=ANSWERS_S)
    socket.send(encode(BrowserHello()).decode())
    socket.recv()
    closed: list[float] = []
    listening = threading.Thread(target=_listen, args=(socket, closed))
    listening.start()
    asked = time.monotonic()
    revoking = threading.Thread(target=_revoke, args=(info, made["token"]["id"]))
    revoking.start()
    accepted = asked
    while True:
        sent = time.monotonic()
        if not _is_accepted(info, made["secret"]):
            break
        accepted = sent
        time.sleep(CALLS_S)
    revoking.join()
    listening.join()
    return (accepted - asked) * 1000, (closed[0] - asked) * 1000


def _revoke(info: dict[str, str], token_id: str) -> None:
    headers = {"Authorization": f"Bearer {info['api_token']}"}
    answer = requests.delete(f"{info['api_url']}/tokens/{token_id}", headers=headers, timeout=ANSWERS_S)
    answer.raise_for_status()


def _listen(socket: websocket.WebSocket, closed: list[float]) -> None:
    """Note when the socket ends."""
    try:
        while socket.recv():
            pass
    except (OSError, websocket.WebSocketException):
        pass
    closed.append(time.monotonic())


def _is_accepted(info: dict[str, str], token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{info['api_url']}/me", headers=headers, timeout=ANSWERS_S).ok
