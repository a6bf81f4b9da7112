"""Performs the core's jobs, one after the other, in a thread of its own: calls and the host.

What goes wrong becomes the event the core expects for that job.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import assert_never

from agent import effects as ef
from agent import events as ev
from agent.errors import BundleRefused, DeltaRefused, KeyRefused, Outage, PeerDeleted, StateUnusable, ToolFailed
from agent.pairs import Pairs
from agent.ports import ControlPlane, Guard, Made, Names, Store, Tunnel, WayOut
from agent.received import Fetched, Received, Version
from agent.tunnel.desired import Desired, Parser
from agent.tunnel.rollback import restored
from agent.tunnel.takeover import rehomed
from agent.zone import Zone, zone_of
from chalicelib.wire.frames import Heartbeat

MOST_DELTAS = 100  # on the disk; then the next comparison takes the whole bundle

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Worker:
    """`pairs` None: the host's key stays as it is. `made` is called after each change of the tunnel."""

    control_plane: ControlPlane
    tunnel: Tunnel
    names: Names
    store: Store
    way_out: WayOut
    guard: Guard
    emit: Callable[[ev.Event], None]
    pairs: Pairs | None = None
    made: Callable[[], None] = lambda: None
    _jobs: SimpleQueue[ef.Job] = field(default_factory=SimpleQueue)
    _wanted: Desired | None = None
    _zone: Zone | None = None
    _names_error: str | None = None
    _base: Fetched | None = None
    _parsed: dict[tuple[str, str | None], Desired] = field(default_factory=dict)
    _parser: Parser = field(default_factory=Parser)
    _saved: tuple[Received, ...] | None = None
    _learned: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        Thread(target=self._work, daemon=True, name="worker").start()

    def put(self, job: ef.Job) -> None:
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                event = self.perform(job)
            except Exception:  # the outermost loop of the thread: the agent must go on
                logger.exception("job_crashed", extra={"job": type(job).__name__})
                event = _failed(job, "internal error: the log has more of it")
            self.emit(event)

    def perform(self, job: ef.Job) -> ev.Event:
        self.guard.feed()
        try:
            return self._performed(job)
        except PeerDeleted as deleted:
            return ev.Deleted(tombstone=deleted.tombstone, at_s=monotonic())
        except Outage as outage:
            return _failed(job, outage.reason, outage.status)
        except BundleRefused as refused:
            return _failed(job, str(refused), is_refused=True)
        except KeyRefused:
            return ev.KeyRefused(at_s=monotonic())
        except (ToolFailed, StateUnusable) as failed:
            return _failed(job, str(failed))

    def _performed(self, job: ef.Job) -> ev.Event:
        match job:
            case ef.OpenSession():
                return ev.SessionOpened(lifetime_s=self.control_plane.open_session(), at_s=monotonic())
            case ef.Fetch():
                fetched = self._fetch(job.since)
                if fetched is None:
                    return ev.BundleUnchanged(at_s=monotonic())
                return ev.BundleFetched(fetched=fetched, at_s=monotonic())
            case ef.Apply() | ef.Try() | ef.RollBack() | ef.Reconcile() | ef.Rehome() | ef.ResetPeer():
                return self._made(job)
            case ef.MakeKey() | ef.TellKeys() | ef.SwitchKey():
                return self._rotated(job)
            case _:
                return self._told(job)

    def _made(self, job: ef.Making) -> ev.Event:
        match job:
            case ef.Apply():
                made = self._make(self._parse(job.fetched), base=job.fetched)
                return ev.BundleApplied(fetched=job.fetched, made=made, at_s=monotonic())
            case ef.Try():
                return self._try(job)
            case ef.RollBack():
                good = self._parse(job.good) if job.good is not None else None
                made = self._make(restored(good, self._parse(job.fetched)), base=job.good)
                return ev.RolledBack(fetched=job.fetched, made=made, at_s=monotonic())
            case ef.Reconcile() | ef.Rehome() | ef.ResetPeer():
                return self._mended(job)
            case _:
                assert_never(job)

    def _mended(self, job: ef.Reconcile | ef.Rehome | ef.ResetPeer) -> ev.Event:
        """What is done to the host without a bundle."""
        match job:
            case ef.Reconcile():
                return self._reconcile()
            case ef.Rehome():
                return self._rehome(job)
            case ef.ResetPeer():
                if self._wanted is not None:
                    self.tunnel.reset(self._wanted, job.public_key)
                return ev.PeerReset(error=None, at_s=monotonic())
            case _:
                assert_never(job)

    def _rotated(self, job: ef.Rotation) -> ev.Event:
        if self.pairs is None:
            raise ToolFailed("this run replaces no keys")
        match job:
            case ef.MakeKey():
                return ev.KeyMade(next_key=self.pairs.make_next(), at_s=monotonic())
            case ef.TellKeys():
                known = self.control_plane.tell_keys(job.report)
                return ev.KeysTold(known=known, psk_epoch=job.report.psk_epoch, at_s=monotonic())
            case ef.SwitchKey():
                return self._switch(self.pairs, job.public_key)
            case _:
                assert_never(job)

    def _switch(self, pairs: Pairs, public_key: str) -> ev.Event:
        """The key and all preshared keys change in one step, or at the next look."""
        base = self._base
        if base is None or base.bundle.interface.staged_key != public_key:
            raise ToolFailed("the bundle in force has no secrets for the next key")
        pairs.switch(public_key)
        self._parsed = {}
        error = None
        self._wanted = self._parse(base)
        try:
            self._make(self._wanted, base)
        except ToolFailed as failed:
            error = str(failed)
        return ev.KeySwitched(public_key=public_key, error=error, at_s=monotonic())

    def _told(self, job: ef.Probe | ef.Refuse | ef.Save | ef.Post | ef.TearDown) -> ev.Event:
        """What changes nothing on the host, and the end."""
        match job:
            case ef.Probe():
                has_route = self.way_out.has_default_route()
                return ev.Probed(is_answered=self.control_plane.probe(), has_route=has_route, at_s=monotonic())
            case ef.Refuse():
                self.guard.disarm()
                self.store.save_trial(self._unsaved(job.fetched), job.error)
                return ev.Remembered(at_s=monotonic())
            case ef.Save():
                self._save(job.fetched)
                return ev.BundleSaved(fetched=job.fetched, at_s=monotonic())
            case ef.Post():
                return self._post(job)
            case ef.TearDown():
                self.guard.disarm()
                self.store.save_tombstone(job.tombstone)
                self.names.apply(None)
                self.tunnel.remove()
                self.store.forget_trial()
                return ev.TornDown(at_s=monotonic())
            case _:
                assert_never(job)

    def _fetch(self, since: Version | None) -> Fetched | None:
        """What is newer than the bundle in force, or the whole one: also when a delta does not fit."""
        base = self._base
        if base is not None and base.version == since:
            try:
                return self.control_plane.newer(base)
            except DeltaRefused as refused:
                logger.warning("delta_refused", extra={"reason": str(refused)})
                return self.control_plane.whole(None)
        is_compact = base is not None and base.deltas < MOST_DELTAS
        return self.control_plane.whole(base if is_compact else None)

    def _try(self, job: ef.Try) -> ev.Event:
        """What a rollback would not change cannot have cut the host off: it needs no trial."""
        wanted = self._parse(job.fetched)
        good = self._parse(job.good) if job.good is not None else None
        is_on_trial = restored(good, wanted) != wanted
        if is_on_trial:
            self._watch(job.fetched)
        try:
            made = self._make(wanted, base=job.fetched)
        except ToolFailed as failed:
            return ev.ApplyFailed(
                fetched=job.fetched, error=str(failed), is_refused=False, is_on_trial=is_on_trial, at_s=monotonic()
            )
        return ev.BundleApplied(fetched=job.fetched, made=made, is_on_trial=is_on_trial, at_s=monotonic())

    def _watch(self, fetched: Fetched) -> None:
        """Before anything is changed, so that a crash at any moment leaves somebody who knows of the trial."""
        try:
            self.store.save_trial(self._unsaved(fetched))
            self.guard.arm()
        except (StateUnusable, ToolFailed) as failed:  # then the agent watches alone
            logger.warning("trial_not_guarded", extra={"error": str(failed)})

    def _make(self, wanted: Desired, base: Fetched | None) -> Made:
        made = self.tunnel.apply(wanted)
        self._wanted, self._base = wanted, base
        self.made()
        self._zone = zone_of(base.bundle, wanted) if base is not None else None
        return self._with_names(made)

    def _with_names(self, made: Made) -> Made:
        """Names that cannot be served cost nobody a tunnel; each reconcile tries again."""
        error = None
        try:
            self.names.apply(self._zone)
        except ToolFailed as failed:
            error = str(failed)
        if error is not None and error != self._names_error:
            logger.warning("names_not_served", extra={"error": error})
        self._names_error = error
        return replace(made, names_error=error)

    def _parse(self, fetched: Fetched) -> Desired:
        """Of the two bundles seen last, parsed once; another own key makes another thing of them."""
        own_key = self.pairs.in_use if self.pairs is not None else None
        seen = (fetched.hash, own_key)
        found = self._parsed.get(seen) or self._parser.desired(fetched.bundle, own_key)
        last = {key: parsed for key, parsed in [*self._parsed.items()][-1:] if key != seen}
        self._parsed = {**last, seen: found}
        return found

    def _save(self, fetched: Fetched) -> None:
        """A delta goes after the bundle it is to, if that stands on the disk; else all of them go anew."""
        self.guard.disarm()
        saved, self._saved = self._saved, None  # unknown until it is done
        if saved is not None and fetched.chain[:-1] == saved:
            self.store.add_delta(fetched.received)
        else:
            self.store.save_bundle(fetched.chain)
        self._saved = fetched.chain
        self.store.forget_trial()

    def _unsaved(self, fetched: Fetched) -> tuple[Received, ...]:
        """What is to be kept of a bundle beside the one on the disk."""
        saved = self._saved or ()
        return fetched.chain[len(saved) :] if fetched.chain[: len(saved)] == saved else fetched.chain

    def _rehome(self, job: ef.Rehome) -> ev.Event:
        if self._base is None:
            raise ToolFailed("no bundle was applied yet")
        own_key = self.pairs.in_use if self.pairs is not None else None
        wanted = self._parser.desired(rehomed(self._base.bundle, job.dead), own_key)
        self.tunnel.apply(wanted)
        self._wanted = wanted
        return ev.Rehomed(dead=job.dead, error=None, at_s=monotonic())

    def _reconcile(self) -> ev.Event:
        if self._wanted is None:
            raise ToolFailed("no bundle was applied yet")
        made = self.tunnel.verify(self._wanted)
        learned = dict(self.tunnel.learned())
        if learned != self._learned:
            self.store.save_learned(learned)
            self._learned = learned
        return ev.Reconciled(made=self._with_names(made), at_s=monotonic())

    def _post(self, job: ef.Post) -> ev.Event:
        frame = job.frame
        if isinstance(frame, Heartbeat):
            return ev.Posted(frame=frame, ack=self.control_plane.beat(frame), at_s=monotonic())
        self.control_plane.report(frame)
        return ev.Posted(frame=frame, ack=None, at_s=monotonic())


def _failed(job: ef.Job, reason: str, status: int | None = None, is_refused: bool = False) -> ev.Event:
    at_s = monotonic()
    match job:
        case ef.OpenSession():
            return ev.SessionFailed(status=status, reason=reason, at_s=at_s)
        case ef.Fetch():
            return ev.FetchFailed(status=status, reason=reason, at_s=at_s)
        case ef.Apply() | ef.Try():
            return ev.ApplyFailed(fetched=job.fetched, error=reason, is_refused=is_refused, at_s=at_s)
        case ef.Save():
            return ev.SaveFailed(fetched=job.fetched, error=reason, at_s=at_s)
        case ef.Reconcile():
            return ev.ReconcileFailed(error=reason, at_s=at_s)
        case ef.Post():
            return ev.PostFailed(frame=job.frame, status=status, reason=reason, at_s=at_s)
        case ef.MakeKey() | ef.TellKeys() | ef.SwitchKey():
            return ev.KeysFailed(status=status, error=reason, at_s=at_s)
        case _:
            return _host_failed(job, reason, at_s)


def _host_failed(
    job: ef.Rehome | ef.ResetPeer | ef.TearDown | ef.RollBack | ef.Probe | ef.Refuse, reason: str, at_s: float
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


def _trial_failed(job: ef.RollBack | ef.Probe | ef.Refuse, reason: str, at_s: float) -> ev.Event:
    match job:
        case ef.RollBack():
            return ev.RollBackFailed(fetched=job.fetched, error=reason, at_s=at_s)
        case ef.Probe():
            return ev.Probed(is_answered=False, has_route=False, at_s=at_s)
        case ef.Refuse():
            return ev.Remembered(error=reason, at_s=at_s)
        case _:
            assert_never(job)
