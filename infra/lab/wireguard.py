"""What WireGuard on a node runs now: from `wg show all dump`, or from a userspace daemon's socket."""

import base64
import socket
from dataclasses import dataclass
from pathlib import Path

SOCKET_S = 5.0
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class WgPeer:
    """`latest_handshake`: unix seconds, 0: never."""

    public_key: str
    endpoint: str | None
    allowed_ips: frozenset[str]
    latest_handshake: int


@dataclass(frozen=True, slots=True)
class WgInterface:
    """`peers` by public key (base64)."""

    name: str
    public_key: str
    peers: dict[str, WgPeer]


def parse_dump(dump: str) -> dict[str, WgInterface]:
    """Read `wg show all dump`: 5 columns an interface, 9 a peer (wg(8))."""
    interfaces: dict[str, WgInterface] = {}
    for row in (line.split("\t") for line in dump.splitlines()):
        if len(row) == 5:
            interfaces[row[0]] = WgInterface(row[0], row[2], {})
        else:
            name, public_key, _, endpoint, allowed_ips, handshake = row[:6]
            interfaces[name].peers[public_key] = WgPeer(
                public_key,
                None if endpoint == NONE else endpoint,
                frozenset() if allowed_ips == NONE else frozenset(allowed_ips.split(",")),
                int(handshake),
            )
    return interfaces


def parse_get(answer: str) -> dict[str, WgPeer]:
    """Read the answer to `get=1`: key=value lines, a peer's after its `public_key`.

    Source: https://www.wireguard.com/xplatform/
    """
    fields: dict[str, list[tuple[str, str]]] = {}
    lines: list[tuple[str, str]] = []
    for name, _, value in (line.partition("=") for line in answer.splitlines()):
        if name == "public_key":
            lines = fields.setdefault(base64.b64encode(bytes.fromhex(value)).decode(), [])
        else:
            lines.append((name, value))
    return {key: _peer(key, of_peer) for key, of_peer in fields.items()}


def _peer(public_key: str, lines: list[tuple[str, str]]) -> WgPeer:
    single = dict(lines)
    return WgPeer(
        public_key,
        single.get("endpoint"),
        frozenset(value for name, value in lines if name == "allowed_ip"),
        int(single.get("last_handshake_time_sec", "0")),
    )


class UserspaceSocket:
    """One open connection to a WireGuard daemon; an answer takes well under a millisecond."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where nothing listens."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(SOCKET_S)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def peers(self) -> dict[str, WgPeer]:
        """Raises OSError when the daemon is gone."""
        self._socket.sendall(b"get=1\n\n")
        answer = b""
        while not answer.endswith(b"\n\n"):
            if not (part := self._socket.recv(1 << 16)):
                raise ConnectionError("the WireGuard daemon closed its socket")
            answer += part
        return parse_get(answer.decode())

    def close(self) -> None:
        self._socket.close()
