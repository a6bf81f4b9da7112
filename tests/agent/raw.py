"""A server on loopback that says whatever bytes a test makes up."""

import itertools
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
Serve = Callable[[socket.socket, int], None]


@dataclass
class Raw:
    """Says whatever bytes a test makes up; `connections` taken, `requests` read."""

    serve: Serve
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def __enter__(self) -> "Raw":
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _accept(self) -> None:
        for number in itertools.count(1):
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections = number
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            while request := self._read(connection):
                self.requests.append(request)
                try:
                    self.serve(connection, number)
                except OSError:
                    return

    def _read(self, connection: socket.socket) -> bytes:
        try:
            return connection.recv(65_536)
        except OSError:
            return b""


def body(content: bytes, headers: bytes = b"", status: bytes = b"200 OK") -> Serve:
    head = (HEAD % len(content)).replace(b"200 OK", status)
    return lambda connection, _: connection.sendall(head + headers + b"\r\n" + content)
