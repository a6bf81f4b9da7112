"""The host's own key: the next pair made, and brought into use."""

from dataclasses import dataclass
from typing import assert_never

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import ToolFailed
from agent.run.in_force import InForce
from agent.run.own_keys import Pairs


@dataclass(frozen=True, slots=True)
class KeyJobs:
    in_force: InForce

    def perform(self, job: ef.KeyJob) -> ev.Event:
        """Raises: ToolFailed, StateUnusable, BundleRefused."""
        pairs = self.in_force.pairs
        if pairs is None:
            raise ToolFailed("this run replaces no keys")
        match job:
            case ef.MakeKey():
                return ev.KeyMade(next_key=pairs.make_next())
            case ef.SwitchKey():
                return self._switch(pairs, job.public_key)
            case _:
                assert_never(job)

    def _switch(self, pairs: Pairs, public_key: str) -> ev.Event:
        """Change the key and all preshared keys in one step; if the host refuses, at the next reconciliation."""
        bundle = self.in_force.bundle
        if bundle is None or bundle.bundle.interface.staged_key != public_key:
            raise ToolFailed("the bundle in force has no secrets for the next key")
        pairs.switch(public_key)
        try:
            self.in_force.rekey(bundle)
        except ToolFailed as failed:
            return ev.KeySwitched(public_key=public_key, error=str(failed))
        return ev.KeySwitched(public_key=public_key)
