"""Bundles on the host: applied, tried, rolled back, and kept on the disk."""

import logging
from dataclasses import dataclass
from typing import assert_never

from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import StateUnusable, ToolFailed
from agent.host.tunnel.rollback import restored
from agent.ports import Guard, WayOut
from agent.run.in_force import InForce
from agent.run.saved_bundles import SavedBundles

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BundleJobs:
    in_force: InForce
    saved: SavedBundles
    way_out: WayOut
    guard: Guard

    def perform(self, job: ef.BundleJob) -> ev.Event:
        """Raises: BundleRefused, ToolFailed, StateUnusable."""
        match job:
            case ef.Apply():
                made = self.in_force.make(self.in_force.parsed(job.fetched), job.fetched)
                return ev.BundleApplied(fetched=job.fetched, made=made)
            case ef.Try():
                return self._try(job)
            case ef.RollBack():
                return self._roll_back(job)
            case ef.Save():
                self.guard.disarm()
                self.saved.save(job.fetched)
                return ev.BundleSaved(fetched=job.fetched)
            case ef.Refuse():
                self.guard.disarm()
                self.saved.save_trial(job.fetched, job.error)
                return ev.Remembered()
            case _:
                assert_never(job)

    def _try(self, job: ef.Try) -> ev.Event:
        """A bundle needs no trial if a rollback would change nothing, or if packets to the control plane leave the
        host as they did before: such a bundle cannot have cut the host off."""
        wanted = self.in_force.parsed(job.fetched)
        good = self.in_force.parsed(job.good) if job.good is not None else None
        is_suspect = restored(good, wanted) != wanted
        ways = self.way_out.ways() if is_suspect else None
        if is_suspect:
            self._begin_trial(job.fetched)
        try:
            made = self.in_force.make(wanted, job.fetched)
        except ToolFailed as failed:
            return ev.ApplyFailed(fetched=job.fetched, error=str(failed), is_refused=False, is_on_trial=is_suspect)
        is_on_trial = is_suspect and (ways is None or ways != self.way_out.ways())
        return ev.BundleApplied(fetched=job.fetched, made=made, is_on_trial=is_on_trial)

    def _begin_trial(self, fetched: Fetched) -> None:
        """Before anything is changed, so that after a crash at any moment the guard or the next start knows of it."""
        try:
            self.saved.save_trial(fetched)
            self.guard.arm()
        except (StateUnusable, ToolFailed) as failed:  # then the agent watches alone
            logger.warning("trial_not_guarded", extra={"error": str(failed)})

    def _roll_back(self, job: ef.RollBack) -> ev.Event:
        good = self.in_force.parsed(job.good) if job.good is not None else None
        made = self.in_force.make(restored(good, self.in_force.parsed(job.fetched)), job.good)
        return ev.RolledBack(fetched=job.fetched, made=made)
