"""Reports: what came of the last bundle, and how it is told to the control plane; pure."""

from dataclasses import replace

from agent.bundle.received import Fetched, Version
from agent.core.effects import Send
from agent.core.link import post
from agent.core.state import Following, Session, Socket, State, Step
from agent.core.timers import Timer
from agent.core.waiting import backed_off
from chalicelib.wire.frames import Applied

ERROR_CHARS = 300


def pursue(state: State) -> Step:
    """Send the report that is due, over the socket or by REST.

    A success is reported only when its trial is over, for a packet that waits for a way out might still arrive after
    the rollback. A failure of a bundle that may have cut the host off is reported by REST, for that bundle may also
    have broken the socket.
    """
    following = state.following
    unreported = following.unreported
    if unreported is None or (unreported.ok and following.trial is not None):
        return state, ()
    is_refusal = _is_rolled_back(following, unreported)
    if is_refusal and following.is_report_held:
        return state, ()
    sent = _with(state, replace(following, unreported=None))
    is_sure = following.trial is None and not is_refusal
    if state.link.socket is Socket.UP and is_sure:
        return sent, (Send(state.link.number, unreported),)
    if state.link.session is Session.OPEN and not state.link.is_posting:
        return post(sent, unreported)
    return state, ()


def released(state: State) -> State:
    """The back-off of a report is over."""
    return _with(state, replace(state.following, is_report_held=False))


def reported(state: State) -> State:
    """The control plane has the report."""
    return _with(state, replace(state.following, report_failures=0))


def not_reported(state: State, report: Applied) -> Step:
    """Send the report of a rollback again later: nothing else tells it, while hello and heartbeats tell what is in
    force."""
    following = state.following
    if following.unreported is not None or not _is_rolled_back(following, report):
        return state, ()
    failures = following.report_failures + 1
    held = replace(following, unreported=report, is_report_held=True, report_failures=failures)
    return _with(state, held), (backed_off(Timer.REPORT, failures + 1),)


def of_attempt(following: Following, got: Fetched, at_s: float, error: str | None = None) -> Applied:
    """The report of an attempt to apply a bundle; `error`: why the host did not take it."""
    return Applied(
        generation=got.version.generation,
        revision=got.version.revision,
        hash=got.hash,
        ok=error is None,
        ms=elapsed_ms(following, at_s),
        error=error[:ERROR_CHARS] if error is not None else None,
    )


def of_rollback(got: Fetched, reason: str) -> Applied:
    """The report that a bundle was rolled back."""
    version = got.version
    return Applied(
        generation=version.generation, revision=version.revision, hash=got.hash, ok=False, ms=0, error=reason
    )


def elapsed_ms(following: Following, at_s: float) -> int:
    """How long the agent has been at work on its target, from the hint on."""
    return round((at_s - following.target_at_s) * 1000) if following.target_at_s is not None else 0


def _is_rolled_back(following: Following, report: Applied) -> bool:
    is_refused = Version(report.generation, report.revision) == following.refused
    return is_refused and not report.ok and following.refusal is not None


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
