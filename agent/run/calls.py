"""Calls to the control plane, and what came of them."""

import logging
from time import monotonic
from typing import assert_never

from agent.bundle.received import Fetched, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import DeltaRefused
from agent.ports import ControlPlane
from chalicelib.wire.frames import Ack, Applied, Heartbeat

MOST_DELTAS = 100  # on the disk; then the next comparison takes the whole bundle

logger = logging.getLogger(__name__)


def called(control_plane: ControlPlane, job: ef.Call, base: Fetched | None) -> ev.Event:
    """Make a call. `base`: the bundle in force, to which differences are asked for.

    Raises:
        Outage, PeerDeleted, KeyRefused, BundleRefused: as the control plane's port has it.
    """
    match job:
        case ef.OpenSession():
            return ev.SessionOpened(lifetime_s=control_plane.open_session(), at_s=monotonic())
        case ef.Fetch():
            fetched = _fetched(control_plane, base, job.since)
            if fetched is None:
                return ev.BundleUnchanged(at_s=monotonic())
            return ev.BundleFetched(fetched=fetched, at_s=monotonic())
        case ef.Post():
            ack = _posted(control_plane, job.frame)
            return ev.Posted(frame=job.frame, ack=ack, at_s=monotonic())
        case ef.TellKeys():
            known = control_plane.tell_keys(job.report)
            return ev.KeysTold(known=known, psk_epoch=job.report.psk_epoch, at_s=monotonic())
        case ef.Probe():
            return ev.Probed(is_answered=control_plane.probe(), at_s=monotonic())
        case _:
            assert_never(job)


def _fetched(control_plane: ControlPlane, base: Fetched | None, since: Version | None) -> Fetched | None:
    """What is newer than the bundle in force, or the whole one: also when a delta does not fit."""
    if base is not None and base.version == since:
        try:
            return control_plane.newer(base)
        except DeltaRefused as refused:
            logger.warning("delta_refused", extra={"reason": str(refused)})
            return control_plane.whole(None)
    is_compact = base is not None and base.deltas < MOST_DELTAS
    return control_plane.whole(base if is_compact else None)


def _posted(control_plane: ControlPlane, frame: Heartbeat | Applied) -> Ack | None:
    if isinstance(frame, Heartbeat):
        return control_plane.beat(frame)
    control_plane.report(frame)
    return None
