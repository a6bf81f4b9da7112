"""What convergence rests on, taken away one thing at a time."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.core import bundles, frames, link
from agent.core import heartbeats as beats
from agent.core.state import State, Step
from chalicelib.adapters.memory.progress import MemoryProgress
from chalicelib.application.agents import snapshots
from chalicelib.application.agents.bundles import Bundles
from chalicelib.application.agents.snapshots import Tunnels
from chalicelib.domain.bundle.snapshot import Snapshot
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.wire.frames import Ack


def wanted_may_fall(patches: pytest.MonkeyPatch) -> None:
    """Without the IF of `wanted < r`."""

    def want(self: MemoryProgress, revisions: Mapping[PeerId, Revision]) -> None:
        for peer_id, revision in revisions.items():
            facts = self._tables.agents.get(peer_id)
            if facts is not None:
                facts.wanted = revision

    patches.setattr(MemoryProgress, "raise_wanted", want)


def heartbeats_are_not_compared(patches: pytest.MonkeyPatch) -> None:
    """The answer to a heartbeat says what is wanted to nobody."""

    def acked(state: State, ack: Ack, at_s: float) -> Step:
        return beats.acked(link.contacted(state, at_s), ack)

    patches.setattr(frames, "_acked", acked)


def hints_are_not_compared(patches: pytest.MonkeyPatch) -> None:
    """The agent does not look whether what is wanted is newer than what it has."""
    pursue = bundles.pursue

    def without_wanted(state: State, at_s: float) -> Step:
        wanted = state.following.wanted
        content = replace(state.following, wanted=min(wanted, bundles._newest(state.following)))
        after, effects = pursue(replace(state, following=content), at_s)
        return replace(after, following=replace(after.following, wanted=wanted)), effects

    patches.setattr(bundles, "pursue", without_wanted)


def fetches_are_not_compared(patches: pytest.MonkeyPatch) -> None:
    """The control plane answers 304 to whoever has a bundle."""
    patches.setattr(Bundles, "newer", lambda self, agent, since: None)


def gaps_are_believed(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(snapshots, "is_whole", lambda *args, **named: True)


def the_revision_is_read_once(patches: pytest.MonkeyPatch) -> None:
    def read(self: Tunnels, network_id: NetworkId, peer_id: PeerId, admission: str | None) -> Snapshot:
        network = self.networks.get(network_id)
        own = self.peers.get(network_id, peer_id).peer
        return Snapshot(network, own, self._others(network, own), self._acl(network, own))

    patches.setattr(Tunnels, "_read", read)


MUTATIONS = (
    wanted_may_fall,
    heartbeats_are_not_compared,
    hints_are_not_compared,
    fetches_are_not_compared,
    gaps_are_believed,
    the_revision_is_read_once,
)
