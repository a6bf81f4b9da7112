"""Leaving a network: first the control plane is told, then the tunnel goes, and the enrolment's files last.

If it breaks off in between, the same command goes on from there: the files that prove who this host is
stay until nothing else is left to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.errors import Outage, PeerDeleted

HAS_LEFT = "peer_left"  # the control plane's error code for a machine that has left already


class LeaveCall(Protocol):
    def open_session(self) -> float:
        """Raises Outage, PeerDeleted."""

    def leave(self, void_files: bool) -> None:
        """Raises Outage, PeerDeleted; LeaveRefused if that would make files of static peers void."""


class Removable(Protocol):
    def remove(self) -> Sequence[str]:
        """As `Tunnel.remove` does. Raises ToolFailed; what is not there is no error."""


class Forgettable(Protocol):
    def forget(self) -> None:
        """Delete the enrolment's files. Raises StateUnusable."""


@dataclass(frozen=True, slots=True)
class Departure:
    """`untold`: why the control plane could not be told; `None`: it knows. `settings`: a sentence for each of the
    host's settings that was given back, or left as it is because another program uses it."""

    untold: str | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaving:
    """`tunnels`: the one of this enrolment, and those of earlier enrolments that it replaced."""

    control_plane: LeaveCall
    tunnels: Sequence[Removable]
    files: Forgettable

    def leave(self, is_forced: bool = False, void_files: bool = False, is_local: bool = False) -> Departure:
        """Leave.

        Args:
            is_forced: clean up here even when the control plane cannot be told.
            is_local: clean up here and do not tell the control plane, for another host is this peer now.

        Raises:
            Outage: the control plane was not told, and nothing was changed on this host.
            LeaveRefused: the same, with the control plane's reason.
            ToolFailed, StateUnusable: the control plane knows, but something is left on this host; leave again.
        """
        untold = None
        try:
            if not is_local:
                self._tell(void_files)
        except Outage as outage:
            if not is_forced:
                raise
            untold = outage.reason
        given_back: list[str] = []
        for tunnel in self.tunnels:
            given_back += tunnel.remove()
        self.files.forget()
        return Departure(untold, tuple(given_back))

    def _tell(self, void_files: bool) -> None:
        """That the peer is gone already, or that this machine has left before, is no error."""
        try:
            self.control_plane.open_session()
            self.control_plane.leave(void_files)
        except PeerDeleted:
            return
        except Outage as outage:
            if outage.code != HAS_LEFT:
                raise
