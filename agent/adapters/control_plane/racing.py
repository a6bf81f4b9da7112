"""One connection to the first of several addresses that takes it (RFC 8305, section 5).

A dead address costs the next one's start, not a time-out: attempts begin one after the other, stay under way
together, and all of them end at one moment.
"""

import errno
import selectors
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

NEXT_AFTER_S = 0.25  # RFC 8305, section 8: the recommended Connection Attempt Delay
UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)})
NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def first_connected(
    addresses: Sequence[str], port: int, within_s: float, made: Callable[[int], socket.socket]
) -> socket.socket:
    """The first connection that stands, its time-out `within_s`; `made` gives a socket of an address family.

    Raises:
        TimeoutError: none stands after that time.
        OSError: all were refused; the reason that tells most.
    """
    with selectors.DefaultSelector() as selector:
        race = _Race(port, made, selector, deque(addresses))
        try:
            won = race.run(monotonic() + within_s)
        except TimeoutError:
            raise TimeoutError(f"no answer within {within_s:g} s") from None
        finally:
            race.end()
    won.settimeout(within_s)
    return won


@dataclass(slots=True)
class _Race:
    port: int
    made: Callable[[int], socket.socket]
    selector: selectors.BaseSelector
    waiting: deque[str]
    running: set[socket.socket] = field(default_factory=set)
    failed: OSError | None = None

    def run(self, deadline: float) -> socket.socket:
        next_at = monotonic()
        while self.waiting or self.running:
            now = monotonic()
            if self.waiting and (now >= next_at or not self.running):
                self._begin(self.waiting.popleft())
                next_at = now + NEXT_AFTER_S
            if now >= deadline:
                raise TimeoutError
            if not self.running:
                continue
            until = min(deadline, next_at) if self.waiting else deadline
            for key, _ in self.selector.select(max(0.0, until - now)):
                won = self._ended(key.fileobj)
                if won is not None:
                    return won
                next_at = now
        raise self.failed or OSError(errno.EADDRNOTAVAIL, "there is no address")

    def end(self) -> None:
        for one in self.running:
            one.close()

    def _begin(self, address: str) -> None:
        try:
            begun = self.made(socket.AF_INET6 if ":" in address else socket.AF_INET)
        except OSError as impossible:  # a kernel without the family
            self._fail(impossible)
            return
        begun.setblocking(False)  # noqa: FBT003
        try:
            code = begun.connect_ex((address, self.port))
        except OSError as impossible:
            code = impossible.errno or errno.EADDRNOTAVAIL
        if code in UNDER_WAY:
            self.selector.register(begun, selectors.EVENT_WRITE)
            self.running.add(begun)
        else:
            begun.close()
            self._fail(_error(code))

    def _ended(self, attempt: object) -> socket.socket | None:
        """The connection, if it stands."""
        assert isinstance(attempt, socket.socket)
        self.selector.unregister(attempt)
        self.running.discard(attempt)
        code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            return attempt
        attempt.close()
        self._fail(_error(code))
        return None

    def _fail(self, failed: OSError) -> None:
        """A refusal tells more than a family that leads nowhere."""
        if self.failed is None or self.failed.errno in NO_WAY:
            self.failed = failed


def _error(code: int) -> OSError:
    """Of the kind that Python gives this number."""
    return OSError(code, errno.errorcode.get(code, str(code)))
