"""Work on the host, for which the ports of the host are handed in here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from agent.core import effects as ef
from agent.core import events as ev
from agent.host.tunnel.wanted import Parser
from agent.ports import Guard, Names, Store, Tunnel, TunnelAbilities, WayOut
from agent.run.in_force import InForce, Parse
from agent.run.jobs.bundles import BundleJobs
from agent.run.jobs.keys import KeyJobs
from agent.run.jobs.tunnel import TunnelJobs
from agent.run.own_keys import Pairs
from agent.run.saved_bundles import SavedBundles
from agent.run.served_names import ServedNames


@dataclass(slots=True)
class HostJobs:
    """`pairs`: the host's own keys; `None`: they stay as they are. `made` is called after each bundle that was made.
    `parse` says what a bundle wants of the host."""

    tunnel: Tunnel
    names: Names
    store: Store
    way_out: WayOut
    guard: Guard
    pairs: Pairs | None = None
    made: Callable[[], None] = lambda: None
    abilities: TunnelAbilities = field(default_factory=TunnelAbilities)
    parse: Parse = field(default_factory=lambda: Parser().desired)
    in_force: InForce = field(init=False)
    _bundles: BundleJobs = field(init=False)
    _tunnel: TunnelJobs = field(init=False)
    _keys: KeyJobs = field(init=False)

    def __post_init__(self) -> None:
        self.in_force = InForce(self.tunnel, ServedNames(self.names), self.pairs, self.made, self.abilities, self.parse)
        self._bundles = BundleJobs(self.in_force, SavedBundles(self.store), self.way_out, self.guard)
        self._tunnel = TunnelJobs(self.in_force, self.store, self.guard)
        self._keys = KeyJobs(self.in_force)

    def perform(self, job: ef.HostJob) -> ev.Event:
        """Do it, and tell the guard before that the agent is alive: here, where a host that hangs would hang it.

        Raises:
            BundleRefused: the bundle is wrong.
            ToolFailed: the host refused.
            StateUnusable: the disk refused.
        """
        self.guard.feed()
        match job:
            case ef.Apply() | ef.Try() | ef.RollBack() | ef.Refuse() | ef.Save():
                return self._bundles.perform(job)
            case ef.Reconcile() | ef.Rehome() | ef.ResetPeer() | ef.TearDown():
                return self._tunnel.perform(job)
            case ef.MakeKey() | ef.SwitchKey():
                return self._keys.perform(job)
            case ef.SeeRoute():
                return ev.RouteSeen(has_route=self.way_out.has_default_route())
            case _:
                assert_never(job)
