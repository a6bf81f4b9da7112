"""Performs the core's jobs: work on the host one after the other, and calls the same beside it.

A control plane whose packets are dropped holds a call for its whole time-out, and a rollback, a
healing or a move waits for none. The core has at most one call of a kind under way, so the queues
stay short. What goes wrong becomes the event the core expects for that job.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from time import monotonic
from typing import assert_never

from agent.bundle.received import Fetched, Received
from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import BundleRefused, KeyRefused, Outage, PeerDeleted, StateUnusable, ToolFailed
from agent.host.dns_zone import Zone, zone_of
from agent.host.results import ApplyResult
from agent.host.tunnel.home_failover import rehomed
from agent.host.tunnel.rollback import restored
from agent.host.tunnel.wanted import Parser, WantedTunnel
from agent.ports import ControlPlane, Guard, Names, Store, Tunnel, TunnelAbilities, WayOut
from agent.run.calls import called
from agent.run.failures import failure
from agent.run.lines import Line
from agent.run.own_keys import Pairs

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Worker:
    """`pairs` None: the host's key stays as it is. `made` is called after each change of the tunnel. Probes have a
    line of their own: they are asked just when other calls hang. Of what is kept here, calls read `_base` alone."""

    control_plane: ControlPlane
    tunnel: Tunnel
    names: Names
    store: Store
    way_out: WayOut
    guard: Guard
    emit: Callable[[ev.Event], None]
    pairs: Pairs | None = None
    made: Callable[[], None] = lambda: None
    abilities: TunnelAbilities = field(default_factory=TunnelAbilities)
    _host: Line = field(init=False)
    _calls: Line = field(init=False)
    _probes: Line = field(init=False)
    _wanted: WantedTunnel | None = None
    _zone: Zone | None = None
    _names_error: str | None = None
    _base: Fetched | None = None
    _parsed: dict[tuple[str, str | None], WantedTunnel] = field(default_factory=dict)
    _parser: Parser = field(default_factory=Parser)
    _saved: tuple[Received, ...] | None = None
    _learned: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._host = Line("host", self._do)
        self._calls = Line("calls", self._do)
        self._probes = Line("probes", self._do)

    def start(self) -> None:
        for line in (self._host, self._calls, self._probes):
            line.start()

    def put(self, job: ef.Job) -> None:
        self._line(job).jobs.put(job)

    def _line(self, job: ef.Job) -> Line:
        match job:
            case ef.Probe():
                return self._probes
            case ef.OpenSession() | ef.Post() | ef.Fetch() | ef.TellKeys():
                return self._calls
            case _:
                return self._host

    def _do(self, job: ef.Job) -> None:
        try:
            event = self.perform(job)
        except Exception:  # the outermost loop of the thread: the agent must go on
            logger.exception("job_crashed", extra={"job": type(job).__name__})
            event = failure(job, "internal error: the log has more of it")
        self.emit(event)

    def perform(self, job: ef.Job) -> ev.Event:
        asked_at_s = monotonic()
        return replace(self._outcome(job), asked_at_s=asked_at_s)

    def _outcome(self, job: ef.Job) -> ev.Event:
        try:
            return self._performed(job)
        except PeerDeleted as deleted:
            otherwise = failure(job, "410 with the tombstone of another peer", HTTPStatus.GONE)
            return ev.Deleted(tombstone=deleted.tombstone, otherwise=otherwise, at_s=monotonic())
        except Outage as outage:
            return failure(job, outage.reason, outage.status, told_s=outage.retry_after_s)
        except BundleRefused as refused:
            return failure(job, str(refused), is_refused=True)
        except KeyRefused:
            return ev.KeyRefused(at_s=monotonic())
        except (ToolFailed, StateUnusable) as failed:
            return failure(job, str(failed))

    def _performed(self, job: ef.Job) -> ev.Event:
        match job:
            case ef.OpenSession() | ef.Post() | ef.Fetch() | ef.TellKeys() | ef.Probe():
                return called(self.control_plane, job, self._base)
            case _:
                self.guard.feed()  # by what would hang where the host hangs
                return self._worked(job)

    def _worked(self, job: ef.HostWork) -> ev.Event:
        match job:
            case ef.Apply() | ef.Try() | ef.RollBack() | ef.Reconcile() | ef.Rehome() | ef.ResetPeer():
                return self._made(job)
            case ef.MakeKey() | ef.SwitchKey():
                return self._rotated(job)
            case _:
                return self._kept(job)

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
                if self.abilities.peer_reset is None:
                    raise ToolFailed("the tunnel of this platform cannot forget a peer's session")
                if self._wanted is not None:
                    self.abilities.peer_reset.reset(self._wanted, job.public_key)
                return ev.PeerReset(error=None, at_s=monotonic())
            case _:
                assert_never(job)

    def _rotated(self, job: ef.MakeKey | ef.SwitchKey) -> ev.Event:
        if self.pairs is None:
            raise ToolFailed("this run replaces no keys")
        match job:
            case ef.MakeKey():
                return ev.KeyMade(next_key=self.pairs.make_next(), at_s=monotonic())
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

    def _kept(self, job: ef.SeeRoute | ef.Refuse | ef.Save | ef.TearDown) -> ev.Event:
        """What changes nothing on the host, and the end."""
        match job:
            case ef.SeeRoute():
                return ev.RouteSeen(has_route=self.way_out.has_default_route(), at_s=monotonic())
            case ef.Refuse():
                self.guard.disarm()
                self.store.save_trial(self._unsaved(job.fetched), job.error)
                return ev.Remembered(at_s=monotonic())
            case ef.Save():
                self._save(job.fetched)
                return ev.BundleSaved(fetched=job.fetched, at_s=monotonic())
            case ef.TearDown():
                self.guard.disarm()
                self.store.save_tombstone(job.tombstone)
                self.names.apply(None)
                self.tunnel.remove()
                self.store.forget_trial()
                return ev.TornDown(at_s=monotonic())
            case _:
                assert_never(job)

    def _try(self, job: ef.Try) -> ev.Event:
        """What a rollback would not change cannot have cut the host off, nor what leaves the ways out as they were:
        it needs no trial."""
        wanted = self._parse(job.fetched)
        good = self._parse(job.good) if job.good is not None else None
        is_suspect = restored(good, wanted) != wanted
        ways = self.way_out.ways() if is_suspect else None
        if is_suspect:
            self._watch(job.fetched)
        try:
            made = self._make(wanted, base=job.fetched)
        except ToolFailed as failed:
            return ev.ApplyFailed(
                fetched=job.fetched, error=str(failed), is_refused=False, is_on_trial=is_suspect, at_s=monotonic()
            )
        is_on_trial = is_suspect and (ways is None or ways != self.way_out.ways())
        return ev.BundleApplied(fetched=job.fetched, made=made, is_on_trial=is_on_trial, at_s=monotonic())

    def _watch(self, fetched: Fetched) -> None:
        """Before anything is changed, so that a crash at any moment leaves somebody who knows of the trial."""
        try:
            self.store.save_trial(self._unsaved(fetched))
            self.guard.arm()
        except (StateUnusable, ToolFailed) as failed:  # then the agent watches alone
            logger.warning("trial_not_guarded", extra={"error": str(failed)})

    def _make(self, wanted: WantedTunnel, base: Fetched | None) -> ApplyResult:
        made = self.tunnel.apply(wanted)
        self._wanted, self._base = wanted, base
        self.made()
        self._zone = zone_of(base.bundle, wanted) if base is not None else None
        return self._with_names(made)

    def _with_names(self, made: ApplyResult) -> ApplyResult:
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

    def _parse(self, fetched: Fetched) -> WantedTunnel:
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
        repair, sightings = self.abilities.drift_repair, self.abilities.sightings
        made = repair.verify(self._wanted) if repair is not None else self.tunnel.apply(self._wanted)
        learned = dict(sightings.learned()) if sightings is not None else {}
        if learned != self._learned:
            self.store.save_learned(learned)
            self._learned = learned
        return ev.Reconciled(made=self._with_names(made), at_s=monotonic())
