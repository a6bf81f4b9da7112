"""What benchmarks ask of a deployed stack as its operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Say

BULK = 200  # peers a request
CALL_S = 120.0


@contextmanager
def operator(stack: LocalStack) -> Iterator[requests.Session]:
    """A session that speaks as the administrator."""
    with requests.Session() as session:
        session.trust_env = False  # loopback is reached by no proxy
        session.headers["Authorization"] = f"Bearer {stack.info['api_token']}"
        yield session


def create_network(session: requests.Session, stack: LocalStack, name: str, peers: int) -> str:
    """A new network in a free range with room for twice as many peers; answers its URL."""
    api = stack.info["api_url"]
    free = session.get(f"{api}/ipam/suggestions", params={"peers": 2 * peers}, timeout=CALL_S)
    free.raise_for_status()
    made = session.post(f"{api}/networks", json={"name": name, "cidr": free.json()["items"][0]}, timeout=CALL_S)
    made.raise_for_status()
    return f"{api}/networks/{made.json()['id']}"


def create_agents(session: requests.Session, network: str, first: int, last: int, say: Say) -> list[dict[str, Any]]:
    """New dynamic peers, numbered from `first` to before `last`, as the API answers them."""
    made: list[dict[str, Any]] = []
    while first + len(made) < last:
        say(f"creating peers: {first + len(made)} of {last}")
        names = range(first + len(made), min(last, first + len(made) + BULK))
        body = {"peers": [{"kind": "dynamic", "name": f"agent {number}"} for number in names]}
        answer = session.post(f"{network}/peers/bulk", json=body, timeout=CALL_S)
        answer.raise_for_status()
        made += answer.json()["items"]
    return made
