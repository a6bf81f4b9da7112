"""A control plane that refuses everything, in the place of the real one."""

import contextlib
import itertools
import threading
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Outage:
    """`port` on loopback; `answered`: how many requests got a refusal so far."""

    def __init__(self, statuses: Sequence[HTTPStatus]) -> None:
        self.answered = 0
        outage, turns, lock = self, itertools.cycle(statuses), threading.Lock()

        class Refuses(BaseHTTPRequestHandler):
            def _refuse(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with lock:
                    status = next(turns)
                    outage.answered += 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = _refuse  # noqa: N815 - the names http.server calls

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
        self.port = int(self.server.server_address[1])


@contextlib.contextmanager
def an_outage(statuses: Sequence[HTTPStatus]) -> Iterator[Outage]:
    """Answer each request with the next of these statuses, over and over."""
    outage = Outage(statuses)
    threading.Thread(target=outage.server.serve_forever, daemon=True).start()
    try:
        yield outage
    finally:
        outage.server.shutdown()
        outage.server.server_close()
