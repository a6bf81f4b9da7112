"""Work on the host: which jobs do it, and how they are put together from the ports of a host."""

from collections.abc import Callable
from dataclasses import dataclass
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

NO_ABILITIES = TunnelAbilities()


@dataclass(frozen=True, slots=True)
class HostJobs:
    in_force: InForce
    bundles: BundleJobs
    tunnel: TunnelJobs
    keys: KeyJobs
    way_out: WayOut
    guard: Guard

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
                return self.bundles.perform(job)
            case ef.Reconcile() | ef.Rehome() | ef.ResetPeer() | ef.TearDown():
                return self.tunnel.perform(job)
            case ef.MakeKey() | ef.SwitchKey():
                return self.keys.perform(job)
            case ef.SeeRoute():
                return ev.RouteSeen(has_route=self.way_out.has_default_route())
            case _:
                assert_never(job)


def host_jobs(
    tunnel: Tunnel,
    names: Names,
    store: Store,
    way_out: WayOut,
    guard: Guard,
    pairs: Pairs | None = None,
    made: Callable[[], None] = lambda: None,
    abilities: TunnelAbilities = NO_ABILITIES,
    parse: Parse | None = None,
) -> HostJobs:
    """The jobs of a host with these ports.

    Args:
        pairs: the host's own keys; None: they stay as they are.
        made: called after each bundle that was made.
        abilities: what the platform can do with the tunnel beyond the port.
        parse: says what a bundle wants of the host; None: what `Parser` says.
    """
    in_force = InForce(tunnel, ServedNames(names), pairs, made, abilities, parse or Parser().desired)
    return HostJobs(
        in_force=in_force,
        bundles=BundleJobs(in_force, SavedBundles(store), way_out, guard),
        tunnel=TunnelJobs(in_force, store, guard),
        keys=KeyJobs(in_force),
        way_out=way_out,
        guard=guard,
    )
