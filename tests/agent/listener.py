"""A server on loopback for as long as a `with` lasts; each connection is served in a thread of its own."""

import socket
import threading
from abc import ABC, abstractmethod
from typing import Self


class Listener(ABC):
    """`host`: where it listens. `port`, `url`: known once it does."""

    host: str
    scheme = "http"

    @abstractmethod
    def take(self, connection: socket.socket) -> None:
        """Serve one connection to its end."""

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.host, 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"{self.scheme}://{self.host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self.take, args=(connection,), daemon=True).start()
