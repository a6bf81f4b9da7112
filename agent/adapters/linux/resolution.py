"""Names to addresses, in the agent and in bounded time: of hubs, of the control plane, of a proxy.

An unresolvable name would block `wg` for a minute and make it refuse the whole file. On a sealed host the system's
resolver asks through the tunnel, which may be the very one that has to be found: there names are asked by sockets
that carry the mark.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from time import monotonic

from agent.adapters.families import interleaved
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.tunnel.full_tunnel import SEAL_SUFFIX
from agent.host.tunnel.wanted import Endpoint, is_address

RESOLVE_WITHIN_S = 2.0
SEALS_LISTED_WITHIN_S = 2.0
MARKED_SHARE = 0.6  # of the time there is; the rest is the system's resolver's


def resolve(endpoints: Iterable[Endpoint], within_s: float = RESOLVE_WITHIN_S) -> Mapping[Endpoint, str]:
    """Give each endpoint its `ip:port`; those whose name has no answer in time are left out."""
    asked = set(endpoints)
    hosts = {endpoint.host for endpoint in asked}
    found = _all(hosts, within_s)
    return {
        endpoint: str(Endpoint(host=found[endpoint.host][0], port=endpoint.port))
        for endpoint in asked
        if found[endpoint.host]
    }


def addresses(host: str, within_s: float = RESOLVE_WITHIN_S) -> Sequence[str]:
    """All addresses of a name, to be tried in this order: families take turns, the one that the host prefers first.

    An address is its own; a name without an answer in time has none.
    """
    try:
        return look_up(host, within_s)
    except OSError:
        return ()


def look_up(host: str, within_s: float) -> Sequence[str]:
    """As `addresses`.

    Raises:
        socket.gaierror: EAI_NONAME where there is no address, EAI_AGAIN where nobody answered in time.
    """
    if is_address(bare := host.strip("[]")):
        return (bare,)
    return _asked(host, within_s, _is_sealed())


def _all(hosts: Iterable[str], within_s: float) -> Mapping[str, Sequence[str]]:
    """Of all at the same time."""
    found: dict[str, Sequence[str]] = {host: (host,) if is_address(host) else () for host in hosts}
    names = [host for host, known in found.items() if not known]
    if not names:
        return found
    deadline = monotonic() + within_s
    is_sealed = _is_sealed()
    answers: SimpleQueue[tuple[str, Sequence[str]]] = SimpleQueue()

    def ask(host: str) -> None:
        try:
            answers.put((host, _asked(host, deadline - monotonic(), is_sealed)))
        except OSError:
            answers.put((host, ()))

    for host in names:
        threading.Thread(target=ask, args=(host,), daemon=True, name="resolve").start()
    for _ in names:
        try:
            host, answer = answers.get(timeout=max(0.0, deadline - monotonic()))
        except Empty:
            break
        found[host] = answer
    return found


def _asked(host: str, within_s: float, is_sealed: bool) -> Sequence[str]:
    """Beside a tunnel first, where the system's resolver would ask through it."""
    deadline = monotonic() + within_s
    if is_sealed:
        from agent.adapters.linux.marked_names import marked_addresses

        marked = _in_time(lambda: marked_addresses(host, within_s * MARKED_SHARE), within_s * MARKED_SHARE)
        if not isinstance(marked, OSError) and marked:
            return marked
    found = _in_time(lambda: _by_system(host), deadline - monotonic())
    if isinstance(found, OSError):
        raise found
    return found


def _in_time(ask: Callable[[], Sequence[str]], within_s: float) -> Sequence[str] | OSError:
    """What it answers or raises; the system's resolver can be bounded by no other means than a thread."""
    answers: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except OSError as failed:
            answers.put(failed)

    threading.Thread(target=answer, daemon=True, name="look up").start()
    try:
        return answers.get(timeout=max(0.0, within_s))
    except Empty:
        return socket.gaierror(socket.EAI_AGAIN, "no answer in time")


def _by_system(host: str) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not a name") from None
    return interleaved(str(item[4][0]) for item in found)


def _is_sealed() -> bool:
    """Whether an enrolment of this host has full encapsulation in force."""
    try:
        listed = json.loads(Commands(SEALS_LISTED_WITHIN_S).run("nft", "-j", "list", "tables"))["nftables"]
    except (ToolFailed, ValueError, KeyError):
        return False  # without nft, or without the right to ask it, nothing can be sealed by this process
    names = [item["table"]["name"] for item in listed if "table" in item]
    return any(name.startswith("wy") and name.endswith(SEAL_SUFFIX) for name in names)
