"""`run --once`: fetch, apply, report, and be done; the same jobs as the daemon's, in one line."""

from dataclasses import dataclass, replace
from time import monotonic

from agent.bundle.received import Fetched, TrialBundle, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.reports import ERROR_CHARS
from agent.run.worker import Worker
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Applied


@dataclass(frozen=True, slots=True)
class Outcome:
    """`version`: in force now, None: none. `is_changed`: the host was. `away`: why the control plane could not be
    asked or told. `error`: why the host did not take the newest bundle. `is_on_trial`: a guard goes on with the
    newest, and undoes it if the control plane stays out of reach. `tombstone`: the peer was deleted."""

    version: Version | None = None
    is_changed: bool = False
    away: str | None = None
    error: str | None = None
    is_on_trial: bool = False
    tombstone: Tombstone | None = None


def once(worker: Worker, saved: Fetched | None, tried: TrialBundle | None = None) -> Outcome:
    """The tunnel comes up from the last good bundle first, so that it stands whatever the control plane says.

    `tried`: a newer one on the disk, on trial or rolled back; what it took away stays so.
    """
    begun = _begun(worker, saved, tried)
    match worker.perform(ef.OpenSession()):
        case ev.SessionOpened():
            refused = tried.fetched.version if tried is not None and tried.refused is not None else None
            return _followed(worker, saved, begun, refused)
        case ev.Deleted(tombstone=tombstone):
            return _torn_down(worker, tombstone)
        case failed:
            return replace(begun, away=_reason(failed))


def _begun(worker: Worker, saved: Fetched | None, tried: TrialBundle | None) -> Outcome:
    if tried is None:
        return _applied(worker, saved, Outcome()) if saved is not None else Outcome()
    if tried.refused is None:
        return _applied(worker, tried.fetched, Outcome())
    match worker.perform(ef.RollBack(tried.fetched, saved)):
        case ev.RolledBack(made=made):
            return Outcome(version=saved.version if saved is not None else None, is_changed=made.is_changed)
        case failed:
            return Outcome(error=_reason(failed))


def _followed(worker: Worker, saved: Fetched | None, begun: Outcome, refused: Version | None) -> Outcome:
    asked_at_s = monotonic()
    since = saved.version if saved is not None and begun.version is not None else None
    match worker.perform(ef.Fetch(since)):
        case ev.BundleFetched(fetched=fetched):
            if saved is not None and fetched.version < saved.version:
                return replace(begun, away="the control plane gave an older bundle than this host has; it was refused")
            if fetched.version == refused:
                return replace(begun, error=f"revision {refused.revision} cut this host off and was rolled back")
            return _taken(worker, fetched, saved, begun, asked_at_s)
        case ev.BundleUnchanged():
            return begun
        case ev.Deleted(tombstone=tombstone):
            return _torn_down(worker, tombstone)
        case failed:
            return replace(begun, away=_reason(failed))


def _taken(worker: Worker, fetched: Fetched, saved: Fetched | None, begun: Outcome, asked_at_s: float) -> Outcome:
    """Try, report, keep what an answer proved; a bundle the host refuses leaves the last good one in force."""
    tried = worker.perform(ef.Try(fetched, saved))
    outcome = _outcome(tried, begun)
    is_on_trial = isinstance(tried, ev.BundleApplied | ev.ApplyFailed) and tried.is_on_trial
    report = Applied(
        generation=fetched.version.generation,
        revision=fetched.version.revision,
        hash=fetched.hash,
        ok=outcome.version == fetched.version,
        ms=round((monotonic() - asked_at_s) * 1000),
        error=outcome.error[:ERROR_CHARS] if outcome.error is not None else None,
    )
    if is_on_trial and not _is_answering(worker):  # a report might still leave after the rollback
        return replace(outcome, away="no answer from the control plane", is_on_trial=True)
    told = worker.perform(ef.Post(report))
    if outcome.error is None:
        kept = worker.perform(ef.Save(fetched))
        if isinstance(kept, ev.SaveFailed):
            outcome = replace(outcome, error=kept.error)
    return outcome if isinstance(told, ev.Posted) else replace(outcome, away=_reason(told))


def _is_answering(worker: Worker) -> bool:
    probed = worker.perform(ef.Probe())
    return isinstance(probed, ev.Probed) and probed.is_answered


def _applied(worker: Worker, fetched: Fetched, before: Outcome) -> Outcome:
    return _outcome(worker.perform(ef.Apply(fetched)), before)


def _outcome(applied: ev.Event, before: Outcome) -> Outcome:
    match applied:
        case ev.BundleApplied(fetched=fetched, made=made):
            return Outcome(version=fetched.version, is_changed=before.is_changed or made.is_changed)
        case failed:
            return replace(before, error=_reason(failed))


def _torn_down(worker: Worker, tombstone: Tombstone) -> Outcome:
    done = worker.perform(ef.TearDown(tombstone))
    error = None if isinstance(done, ev.TornDown) else _reason(done)
    return Outcome(is_changed=True, tombstone=tombstone, error=error)


def _reason(event: ev.Event) -> str:
    match event:
        case (
            ev.ApplyFailed(error=error)
            | ev.RollBackFailed(error=error)
            | ev.SaveFailed(error=error)
            | ev.TearDownFailed(error=error)
        ):
            return error
        case ev.SessionFailed(reason=reason) | ev.FetchFailed(reason=reason) | ev.PostFailed(reason=reason):
            return reason
        case _:
            return "the agent met an answer that it did not expect"
