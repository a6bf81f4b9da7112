"""Calls to the control plane, and what came of them."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import assert_never

from agent.bundle.received import Fetched, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import DeltaRefused, PeerDeleted
from agent.ports import ControlPlane
from agent.run.in_force import InForce
from chalicelib.wire.frames import Ack, Applied, Heartbeat

MOST_DELTAS = 100  # on the disk; then the next comparison takes the whole bundle

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ControlPlaneJobs:
    """Differences are asked for to the bundle in force; nothing else of the host is read."""

    control_plane: ControlPlane
    in_force: InForce

    def perform(self, job: ef.Call) -> ev.Event:
        """Make a call.

        Raises:
            Outage, KeyRefused, BundleRefused: as the control plane's port has it.
        """
        try:
            return self._called(job)
        except PeerDeleted as deleted:
            otherwise = job.failed(ef.Failure("410 with the tombstone of another peer", HTTPStatus.GONE))
            return ev.Deleted(tombstone=deleted.tombstone, otherwise=otherwise)

    def _called(self, job: ef.Call) -> ev.Event:
        match job:
            case ef.OpenSession():
                return ev.SessionOpened(lifetime_s=self.control_plane.open_session())
            case ef.Fetch():
                fetched = self._fetched(job.since)
                return ev.BundleUnchanged() if fetched is None else ev.BundleFetched(fetched=fetched)
            case ef.Post():
                return ev.Posted(frame=job.frame, ack=self._posted(job.frame))
            case ef.TellKeys():
                known = self.control_plane.tell_keys(job.report)
                return ev.KeysTold(known=known, psk_epoch=job.report.psk_epoch)
            case ef.Probe():
                return ev.Probed(is_answered=self.control_plane.probe())
            case _:
                assert_never(job)

    def _fetched(self, since: Version | None) -> Fetched | None:
        """What is newer than the bundle in force; the whole bundle without one, or if a delta does not fit."""
        base = self.in_force.bundle
        if base is not None and base.version == since:
            try:
                return self.control_plane.newer(base)
            except DeltaRefused as refused:
                logger.warning("delta_refused", extra={"reason": str(refused)})
                return self.control_plane.whole(None)
        is_compact = base is not None and base.deltas < MOST_DELTAS
        return self.control_plane.whole(base if is_compact else None)

    def _posted(self, frame: Heartbeat | Applied) -> Ack | None:
        match frame:
            case Heartbeat():
                return self.control_plane.beat(frame)
            case Applied():
                self.control_plane.report(frame)
                return None
            case _:
                assert_never(frame)
