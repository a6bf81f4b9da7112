"""One real agent in a node: enrol it, run it, and look at what it did to WireGuard."""

import os
from pathlib import Path

import msgspec
from tenacity import retry, retry_if_exception_message, stop_after_attempt

from chalicelib.wire.peers import Peer
from infra.demo.waiting import until
from infra.lab import Node, Process, UserspaceSocket, WgPeer

STATE_DIR = "/run/wirety"  # the node's own tmpfs: keys vanish with it
ENROLL_S = 60.0
ENROLL_TRIES = 3
UNANSWERED = "(?s).*run the same command again"
CONNECT_S = 60.0


class Status(msgspec.Struct, frozen=True):
    """Of `wirety-agent status --json`, what matters here."""

    interface: str
    is_running: bool
    is_connected: bool
    revision_applied: int
    awaits_approval: bool = False
    route_conflict: list[str] = []
    forward_conflict: list[str] = []
    lacks_ipv6: str | None = None


class Agent:
    """`peer`: as the API described it at its creation."""

    def __init__(self, node: Node, peer: Peer, command: str) -> None:
        self.node = node
        self.peer = peer
        self.process: Process | None = None
        self._command = command

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def log(self) -> Path | None:
        return None if self.process is None else self.process.log

    @retry(retry=retry_if_exception_message(match=UNANSWERED), stop=stop_after_attempt(ENROLL_TRIES), reraise=True)
    def enroll(self, origin: str, token: str) -> None:
        """As the agent says: where nobody answered, the same command again.

        Raises:
            LabFailed: with the agent's own words.
        """
        self._come("enroll", origin, "--token", token)

    @retry(retry=retry_if_exception_message(match=UNANSWERED), stop=stop_after_attempt(ENROLL_TRIES), reraise=True)
    def join(self, origin: str, key: str) -> str:
        """By a network's join key; answers what the agent says. Raises LabFailed."""
        return self._come("join", origin, "--key", key)

    def leave(self) -> None:
        """Raises LabFailed."""
        self.node.run(self._command, "leave", "--insecure", "--state-dir", STATE_DIR, env=_environment())

    def _come(self, command: str, origin: str, flag: str, secret: str) -> str:
        arguments = (command, "--server", origin, "--insecure", "--json", "--state-dir", STATE_DIR, flag, "-")
        return self.node.run(self._command, *arguments, stdin=secret, env=_environment(), timeout_s=ENROLL_S)

    def start(self, *flags: str) -> Process:
        arguments = ("run", "--insecure", "--state-dir", STATE_DIR, "--log-format", "json", *flags)
        self.process = self.node.spawn(self._command, *arguments, env=_environment())
        return self.process

    def seal(self) -> None:
        """As the unit of that name does, before the host's network is up."""
        self.node.run(self._command, "seal", "--state-dir", STATE_DIR, env=_environment())

    def stop(self) -> int:
        """As a service manager does. Returns the exit code."""
        assert self.process is not None
        return self.process.stop()

    def status(self) -> Status:
        told = self.node.run(self._command, "status", "--json", "--state-dir", STATE_DIR, env=_environment())
        return msgspec.json.decode(told, type=Status)

    def tail(self, lines: int = 15) -> str:
        return "" if self.process is None else self.process.tail(lines)

    def wait_for_interface(self) -> str:
        """The name of its WireGuard interface, once it is there."""
        return until(self._interface, f"{self.name} has a WireGuard interface", CONNECT_S)

    def tunnel(self) -> "Tunnel":
        return Tunnel(self.node, self.wait_for_interface())

    def _interface(self) -> str | None:
        return next(iter(self.node.wg()), None)


class Tunnel:
    """What WireGuard runs on one interface, cheap enough to ask many times a second."""

    def __init__(self, node: Node, interface: str) -> None:
        self._node = node
        self._interface = interface
        path = node.root / "run/wireguard" / f"{interface}.sock"
        self._socket = UserspaceSocket(path) if path.exists() else None

    def peers(self) -> dict[str, WgPeer]:
        """By public key."""
        if self._socket is not None:
            return self._socket.peers()
        return self._node.wg()[self._interface].peers

    def routes(self) -> frozenset[str]:
        """Every prefix in an AllowedIPs."""
        return frozenset(cidr for peer in self.peers().values() for cidr in peer.allowed_ips)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


def _environment() -> dict[str, str]:
    """Nothing of the caller's but where programs are: no proxy, no settings of the demo's own."""
    return {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
