"""What a peer runs: bundles for agents, configs for people.

Requests: what is newer 1 more than its tunnel, or the difference (1 alone when nothing newer
concerns the agent); a whole bundle its tunnel, and 1 more when it is not what the agent should
have; a config its tunnel.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from chalicelib.application.agents.signing import Signing
from chalicelib.application.agents.snapshots import MOST_CHANGES, Difference, Tunnels
from chalicelib.domain.bundle.bundle import Bundle
from chalicelib.domain.bundle.snapshot import is_whole
from chalicelib.domain.change.audience import audience
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Agent, Principal
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.errors import FileNotIssued, JumpNotReady, PeerDeleted, PeerNotEnrolled, PeerNotFound
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.tunnel.sections import Tunnel
from chalicelib.ports.change import ChangeStore
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.progress import ProgressStore


@dataclass(frozen=True, slots=True)
class Rendered:
    """A bundle in the bytes that its agent reads. `hash`: of their content, by which both sides name it."""

    body: bytes
    hash: str


Render: TypeAlias = Callable[[Bundle, str], Rendered]
"""Renders a bundle that names a public key (base64) as the one that signs next."""


@dataclass(frozen=True, slots=True)
class HeldRevision:
    """The agent has the bundle of this revision, and asks for what is newer. `generation` None: it does not say."""

    generation: int | None
    revision: Revision


@dataclass(frozen=True, slots=True)
class HeldContent:
    """The agent has the bundle of this revision with content of this hash, and asks whether it is right."""

    generation: int
    revision: Revision
    hash: str


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a bundle. `has_drifted`: no change explains that the agent has another."""

    revision: Revision
    rendered: Rendered
    has_drifted: bool = False


@dataclass(frozen=True, slots=True)
class SameContent:
    """What the agent has as of revision `since` is right as of a later one."""

    since: Revision
    revision: Revision


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing that concerns the agent is newer than what it has."""


@dataclass(frozen=True, slots=True)
class Bundles:
    """`generation`: of the deployment; what an agent has of another one says nothing."""

    tunnels: Tunnels
    peers: PeerStore
    progress: ProgressStore
    changes: ChangeStore
    signing: Signing
    generation: int

    def answer(
        self, agent: Agent, held: HeldRevision | HeldContent | None, render: Render
    ) -> Whole | Difference | SameContent | Unchanged:
        """What an agent is to be told, by what it says that it has.

        Raises:
            PeerDeleted: with what the tombstone says.
            Unauthenticated: the session is of before a new token.
        """
        if held is None or held.generation not in (None, self.generation):
            return self._rendered(self.whole(agent), render)
        if isinstance(held, HeldContent):
            return self._compared(agent, held, render)
        newer = self.newer(agent, held.revision)
        if newer is None:
            return Unchanged()
        return newer if isinstance(newer, Difference) else self._rendered(newer, render)

    def whole(self, agent: Agent) -> Bundle:
        """Render the agent's bundle.

        Raises:
            PeerDeleted: with what the tombstone says.
            Unauthenticated: the session is of before a new token.
        """
        try:
            return self.tunnels.of(agent.network_id, agent.peer_id, agent.admission)
        except (PeerNotFound, NetworkNotFound):
            raise self._deleted(agent) from None

    def newer(self, agent: Agent, since: Revision) -> Bundle | Difference | None:
        """What is newer than a revision; None when nothing that concerns the agent is.

        Raises:
            PeerDeleted: with what the tombstone says.
            Unauthenticated: the session is of before a new token.
        """
        progress = self.progress.of(agent)
        if progress is not None and progress.wanted <= since:
            return None
        try:
            return self.tunnels.since(agent, since) or self.whole(agent)
        except (PeerNotFound, NetworkNotFound):
            raise self._deleted(agent) from None

    def config(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> Tunnel:
        """Render any peer's configuration for a person.

        Raises:
            PeerNotEnrolled, JumpNotReady: there is nothing to write into a file yet.
            FileNotIssued: a static peer's home is fixed by the issue of its file, which is a write.
        """
        by.require_sight(network_id)
        bundle = self.tunnels.of(network_id, peer_id)
        peer = bundle.peer
        if peer.public_key is None:
            raise PeerNotEnrolled
        if not peer.is_jump and not peer.is_cut_off and not bundle.tunnel.sections:
            raise JumpNotReady
        if peer.kind is Kind.STATIC and peer.issued is None and not peer.is_blocked:
            raise FileNotIssued
        return bundle.tunnel

    def _rendered(self, bundle: Bundle, render: Render) -> Whole:
        return Whole(bundle.revision, render(bundle, self.signing.keys().successor.public))

    def _compared(self, agent: Agent, held: HeldContent, render: Render) -> Whole | SameContent | Unchanged:
        bundle = self.whole(agent)
        whole = self._rendered(bundle, render)
        if held.hash == whole.rendered.hash and held.revision == whole.revision:
            return Unchanged()
        if held.hash == whole.rendered.hash and held.revision < whole.revision:
            return SameContent(held.revision, whole.revision)
        former_key = self.signing.keys().current.public
        if render(bundle, former_key).hash == held.hash:  # the signing key was rotated meanwhile
            return whole
        return replace(whole, has_drifted=self._is_unexplained(agent, held.revision, whole.revision))

    def _is_unexplained(self, agent: Agent, held: Revision, now: Revision) -> bool:
        """Whether no change between two revisions explains that the agent's bundle differs.

        The agent says what it has: of more than MOST_CHANGES it is not known, and nothing is read.
        """
        if not 0 <= now - held <= MOST_CHANGES:
            return False
        changes = self.changes.between(agent.network_id, held, now)
        is_known = is_whole(changes, held, at_least=now)
        return is_known and not any(audience(change).concerns(agent.peer_id) for change in changes)

    def _deleted(self, agent: Agent) -> PeerDeleted | PeerNotFound:
        tombstone = self.peers.tombstone(agent.network_id, agent.peer_id)
        if tombstone is None:
            return PeerNotFound(agent.peer_id)
        return PeerDeleted(agent.network_id, agent.peer_id, tombstone.revision, tombstone.deleted_at)
