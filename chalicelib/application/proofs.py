"""The proof that bundles are in force.

Requests: a report 3 (2 when it says nothing new, 1 when it is history or a failure); the proof
of a page of changes 2, and 1 a hundred agents without a report of their own; a check 2 and 1 a
late agent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.audience import audience
from chalicelib.domain.change import Change
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.presence import Fact, FactKind
from chalicelib.domain.principal import Agent
from chalicelib.domain.proof import Proof, Report, proof
from chalicelib.ports import Check, Clock, PresenceStore, ProofStore

LATE_AFTER = timedelta(seconds=60)
MOST_NOTED = 1_000  # late agents of one check that are told of, one write each
REACH = 200  # revisions past a page in which an agent that skipped some may have reported


@dataclass(frozen=True, slots=True)
class Proofs:
    store: ProofStore
    presence: PresenceStore
    clock: Clock

    def applied(self, agent: Agent, revision: Revision, bundle_hash: str) -> None:
        """Store that an agent runs the bundle of a revision."""
        now = self.clock.now()
        before = self.presence.applied(agent, revision, bundle_hash, now)
        if before is None:
            return
        if before < revision:
            self.store.prove(agent.network_id, Report(agent.peer_id, revision, before, now))
        self.presence.record(Fact(agent.network_id, agent.peer_id, FactKind.APPLIED, now))

    def failed(self, agent: Agent, error: str) -> None:
        """Store why an agent could not apply what it fetched."""
        self.presence.failed(agent, error, self.clock.now())

    def of(self, network_id: NetworkId, changes: Sequence[Change]) -> Mapping[Revision, Proof | None]:
        """The proof of each change; None for one whose audience is not known yet, or no longer."""
        if not changes:
            return {}
        revisions = [change.revision for change in changes]
        first, last = min(revisions), max(revisions)
        expected = self.store.expected(network_id, first, last)
        reports = self.store.reports(network_id, first, Revision(last + REACH)) if expected else []
        silent: set[PeerId] = set()
        for revision, concerned in expected.items():
            silent |= concerned - {report.peer_id for report in reports if report.covers(revision)}
        running = self._running(network_id, silent)
        return {change.revision: _of(change, expected.get(change.revision), reports, running) for change in changes}

    def check(self, check: Check) -> int:
        """Note who is connected and has not applied the newest of the revisions that concern it, up to MOST_NOTED;
        answers how many there are."""
        now = self.clock.now()
        expected = sorted(self.store.expected(check.network_id, check.first, check.last).items())
        newest = {peer_id: revision for revision, concerned in expected for peer_id in concerned}
        late = [
            peer_id
            for peer_id, seen in self.presence.many(check.network_id, newest.keys()).items()
            if seen.presence is not None and seen.presence.is_connected and seen.presence.running < newest[peer_id]
        ]
        for peer_id in sorted(late)[:MOST_NOTED]:
            self.presence.record(Fact(check.network_id, peer_id, FactKind.LATE, now))
        return len(late)

    def _running(self, network_id: NetworkId, peer_ids: set[PeerId]) -> Mapping[PeerId, Revision]:
        found = self.presence.many(network_id, peer_ids)
        return {peer_id: seen.presence.running for peer_id, seen in found.items() if seen.presence is not None}


def _of(
    change: Change,
    concerned: frozenset[PeerId] | None,
    reports: Sequence[Report],
    running: Mapping[PeerId, Revision],
) -> Proof | None:
    if concerned is None:
        return None if audience(change).has_agents else proof(change, (), (), {})
    return proof(change, concerned, reports, running)
