"""Endpoint names to addresses, in the agent and in bounded time.

An unresolvable name would block `wg` for a minute and make it refuse the whole file.
"""

import socket
import threading
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from time import monotonic

from agent.tunnel.desired import Endpoint

RESOLVE_WITHIN_S = 2.0


def resolve(endpoints: Iterable[Endpoint], within_s: float = RESOLVE_WITHIN_S) -> Mapping[Endpoint, str]:
    """Give each endpoint its `ip:port`; those whose name has no answer in time are left out."""
    resolved: dict[Endpoint, str] = {}
    names: set[Endpoint] = set()
    for endpoint in endpoints:
        if _is_address(endpoint.host):
            resolved[endpoint] = str(endpoint)
        else:
            names.add(endpoint)
    answers: SimpleQueue[tuple[Endpoint, str | None]] = SimpleQueue()
    for endpoint in names:
        threading.Thread(target=_look_up, args=(endpoint, answers), daemon=True, name="resolve").start()
    deadline = monotonic() + within_s
    for _ in names:
        try:
            endpoint, address = answers.get(timeout=max(0.0, deadline - monotonic()))
        except Empty:
            break
        if address is not None:
            resolved[endpoint] = str(Endpoint(host=address, port=endpoint.port))
    return resolved


def _look_up(endpoint: Endpoint, answers: SimpleQueue[tuple[Endpoint, str | None]]) -> None:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        answers.put((endpoint, None))
    else:
        answers.put((endpoint, str(found[0][4][0])))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
