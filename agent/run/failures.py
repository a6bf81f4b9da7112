"""What it means to the core that a job failed."""

from time import monotonic
from typing import assert_never

from agent.core import effects as ef
from agent.core import events as ev


def failure(
    job: ef.Job, reason: str, status: int | None = None, is_refused: bool = False, told_s: float | None = None
) -> ev.Event:
    """The event the core expects; `status`: of an answer that was of no use, `told_s`: when that said to come again,
    `is_refused`: the bundle is wrong."""
    at_s = monotonic()
    match job:
        case ef.OpenSession():
            return ev.SessionFailed(status=status, reason=reason, retry_after_s=told_s, at_s=at_s)
        case ef.Fetch():
            return ev.FetchFailed(status=status, reason=reason, retry_after_s=told_s, at_s=at_s)
        case ef.Apply() | ef.Try():
            return ev.ApplyFailed(fetched=job.fetched, error=reason, is_refused=is_refused, at_s=at_s)
        case ef.Save():
            return ev.SaveFailed(fetched=job.fetched, error=reason, at_s=at_s)
        case ef.Reconcile():
            return ev.ReconcileFailed(error=reason, at_s=at_s)
        case ef.Post():
            return ev.PostFailed(frame=job.frame, status=status, reason=reason, at_s=at_s)
        case ef.MakeKey() | ef.TellKeys() | ef.SwitchKey():
            return ev.KeysFailed(status=status, error=reason, retry_after_s=told_s, at_s=at_s)
        case _:
            return _host_failed(job, reason, at_s)


def _host_failed(
    job: ef.Rehome | ef.ResetPeer | ef.TearDown | ef.RollBack | ef.Probe | ef.SeeRoute | ef.Refuse,
    reason: str,
    at_s: float,
) -> ev.Event:
    match job:
        case ef.Rehome():
            return ev.Rehomed(dead=job.dead, error=reason, at_s=at_s)
        case ef.ResetPeer():
            return ev.PeerReset(error=reason, at_s=at_s)
        case ef.TearDown():
            return ev.TearDownFailed(error=reason, at_s=at_s)
        case _:
            return _trial_failed(job, reason, at_s)


def _trial_failed(job: ef.RollBack | ef.Probe | ef.SeeRoute | ef.Refuse, reason: str, at_s: float) -> ev.Event:
    match job:
        case ef.RollBack():
            return ev.RollBackFailed(fetched=job.fetched, error=reason, at_s=at_s)
        case ef.Probe():
            return ev.Probed(is_answered=False, at_s=at_s)
        case ef.SeeRoute():
            return ev.RouteSeen(has_route=False, at_s=at_s)
        case ef.Refuse():
            return ev.Remembered(error=reason, at_s=at_s)
        case _:
            assert_never(job)
