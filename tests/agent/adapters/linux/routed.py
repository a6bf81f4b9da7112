"""Bundles with prefixes to route, and what became of them."""

from agent.host.results import ApplyResult
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer
from tests.agent.tunnel_host import Host

OTHER = "wy00000009"


def routing(*prefixes: str, address: str = "10.9.0.2/24", revision: int = 1, endpoint: str | None = None) -> Bundle:
    return a_bundle(revision, [a_peer("site", list(prefixes), endpoint=endpoint)], addresses=[address])


def left_out(made: ApplyResult) -> list[str]:
    return [sentence.split()[0] for sentence in made.conflicts]


def route(host: Host, prefix: str) -> str:
    """To just this prefix, as `ip` says it; empty: there is none."""
    return host.inside.sh(f"ip route show {prefix}").strip()
