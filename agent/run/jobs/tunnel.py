"""The tunnel of the bundle in force: healed, changed without a new bundle, and removed."""

from dataclasses import dataclass, field
from typing import assert_never

from agent.core import effects as ef
from agent.core import events as ev
from agent.ports import Guard, Store
from agent.run.in_force import InForce


@dataclass(slots=True)
class TunnelJobs:
    in_force: InForce
    store: Store
    guard: Guard
    _learned: dict[str, str] = field(default_factory=dict, init=False)

    def perform(self, job: ef.TunnelJob) -> ev.Event:
        """Raises: ToolFailed, StateUnusable, BundleRefused."""
        match job:
            case ef.Reconcile():
                made = self.in_force.verify()
                self._save_learned()
                return ev.Reconciled(made=made)
            case ef.Rehome():
                self.in_force.rehome(job.dead)
                return ev.Rehomed(dead=job.dead, error=None)
            case ef.ResetPeer():
                self.in_force.reset(job.public_key)
                return ev.PeerReset(error=None)
            case ef.TearDown():
                self._tear_down(job)
                return ev.TornDown()
            case _:
                assert_never(job)

    def _save_learned(self) -> None:
        """Where peers were last seen, for the next start."""
        learned = self.in_force.learned()
        if learned != self._learned:
            self.store.save_learned(learned)
            self._learned = learned

    def _tear_down(self, job: ef.TearDown) -> None:
        """The tombstone is on the disk before anything is removed, so that no start brings the tunnel back."""
        self.guard.disarm()
        self.store.save_tombstone(job.tombstone)
        self.in_force.remove()
        self.store.forget_trial()
