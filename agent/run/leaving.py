"""Leaving a network: the control plane first, then the tunnel, the enrolment's files last.

Whatever breaks off in between, the same command goes on from there: the files that prove who
this host is stay until nothing is left to prove.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.errors import Outage, PeerDeleted

HAS_LEFT = "peer_left"  # what the control plane answers to a machine that has left


class LeaveCall(Protocol):
    def open_session(self) -> float:
        """Raises Outage, PeerDeleted."""

    def leave(self, void_files: bool) -> None:
        """Raises Outage, PeerDeleted; LeaveRefused where files of static peers would be void."""


class Removable(Protocol):
    def remove(self) -> Sequence[str]:
        """As `Tunnel.remove` does. Raises ToolFailed; what is not there is no error."""


class Forgettable(Protocol):
    def forget(self) -> None:
        """Delete the enrolment's files. Raises StateUnusable."""


@dataclass(frozen=True, slots=True)
class Departure:
    """`untold`: why the control plane was not told, None: it knows. `settings`: a sentence for each of the host's
    settings that was given back, or left to somebody else."""

    untold: str | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaving:
    """`tunnels`: of this enrolment and of the earlier ones it replaced."""

    control_plane: LeaveCall
    tunnels: Sequence[Removable]
    files: Forgettable

    def leave(self, is_forced: bool = False, void_files: bool = False, is_local: bool = False) -> Departure:
        """Leave.

        Args:
            is_forced: clean up here even when the control plane cannot be told.
            is_local: clean up here and do not tell it, for another host is this peer now.

        Raises:
            Outage: not told, and nothing was changed on this host.
            LeaveRefused: the same, with the control plane's reason.
            ToolFailed, StateUnusable: told, but something is still here; leave again.
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
        """A peer that is gone, or that this machine left before, needs no telling."""
        try:
            self.control_plane.open_session()
            self.control_plane.leave(void_files)
        except PeerDeleted:
            return
        except Outage as outage:
            if outage.code != HAS_LEFT:
                raise
