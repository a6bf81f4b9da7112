"""The proof that bundles are in force.

Requests: a report 1 read and 2 writes (1 read when it is history, 1 write when it is a failure; of a
revision that is newer than what concerns the agent, and than any seen before, 1 read more). Counting a
batch of reports: 1 query a network, 1 for each revision that concerns more than FEW agents and was not
asked for before, and 1 transaction for 99 agents of one revision. The proof of a page of changes 1 query.
Who is missing: 2 reads, 1 when more than FEW are concerned, and 1 a hundred agents until MOST_MISSING are
found. A check 1, and while somebody is missing, as much as counting, 1 a hundred agents and 1 a late one.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.domain.change.audience import audience
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.rollout import Expected, Mark, Rollout
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.presence import Fact, FactKind, Progress
from chalicelib.ports.facts import FactStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.progress import ProgressStore
from chalicelib.ports.queues import Check
from chalicelib.ports.rollout import RolloutStore

LATE_AFTER = timedelta(seconds=60)
REACH = 200  # revisions back for which a report counts: who was away for more was not there to apply them
MOST_MISSING = 20
AT_ONCE = 100
AUDIENCES = 32  # of many agents, kept in a process: some MB each at 10,000


class Horizons:
    """The newest revision known of each network. It only rises, so that few reports have it asked for."""

    def __init__(self, networks: NetworkStore) -> None:
        self._networks = networks
        self._newest: dict[NetworkId, Revision] = {}

    def has(self, network_id: NetworkId, revision: Revision) -> bool:
        """Whether a network has got so far; 1 read when it was not known to."""
        if revision > self._newest.get(network_id, 0):
            try:
                self._newest[network_id] = self._networks.get(network_id).revision
            except NetworkNotFound:
                return False
        return revision <= self._newest[network_id]


MOST_NOTED = 1_000  # late agents of one check that are told of, one write each


@dataclass(frozen=True, slots=True)
class Rollouts:
    store: RolloutStore
    presence: PresenceStore
    progress: ProgressStore
    facts: FactStore
    clock: Clock
    horizons: Horizons
    _known: OrderedDict[tuple[NetworkId, Revision], frozenset[PeerId]] = field(default_factory=OrderedDict)

    def applied(self, agent: Agent, revision: Revision, bundle_hash: str, progress: Progress | None = None) -> bool:
        """Store that an agent runs the bundle of a revision; False: the network has no such revision.

        The report is kept first, and what the agent runs after it: when either fails, the next heartbeat
        says a revision that is not known to run, and both are stored then.

        Args:
            progress: how far the agent was, None: to be asked for.
        """
        before = progress or self.progress.of(agent)
        if before is None or revision < before.applied:
            return True
        if revision > before.wanted and not self.horizons.has(agent.network_id, revision):
            return False
        now = self.clock.now()
        said = Fact(agent.network_id, agent.peer_id, FactKind.APPLIED, now)
        if before.applied < revision:
            said = Fact(agent.network_id, agent.peer_id, FactKind.APPLIED, now, revision, before.applied)
        self.facts.insert(said)
        self.progress.note_applied(agent, revision, bundle_hash, now)
        return True

    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected]) -> None:
        """Note whom each revision concerns; before they hear of it, so that each report finds what it proves."""
        self.store.expect(network_id, concerned, self.clock.now())

    def failed(self, agent: Agent, error: str) -> None:
        """Store why an agent could not apply what it fetched."""
        self.progress.note_failure(agent, error, self.clock.now())

    def count(self, facts: Iterable[Fact]) -> None:
        """Count the reports among a batch of facts; those that come again count no more."""
        reports: dict[NetworkId, list[Fact]] = {}
        for fact in facts:
            if fact.revision is not None:
                reports.setdefault(fact.network_id, []).append(fact)
        for network_id, own in reports.items():
            last = max(report.revision or Revision(0) for report in own)
            since = min(report.after or Revision(0) for report in own)
            rollouts = self._open(network_id, Revision(max(since, last - REACH) + 1), last)
            self._mark(network_id, (mark for report in own for mark in _marks(report, rollouts)))

    def excuse(self, network_id: NetworkId, gone: Set[PeerId], last: Revision) -> None:
        """Agents that are gone need not apply what was still to be applied."""
        if gone:
            rollouts = self._open(network_id, Revision(max(last - REACH, 0) + 1), last)
            left = (Mark(peer_id, revision, None) for revision, (_, who) in rollouts.items() for peer_id in who & gone)
            self._mark(network_id, left)

    def of(self, network_id: NetworkId, changes: Sequence[Change]) -> Mapping[Revision, Rollout | None]:
        """The proof of each change; None for one whose audience is not known yet, or no longer."""
        if not changes:
            return {}
        revisions = [change.revision for change in changes]
        rollouts = self.store.rollouts(network_id, min(revisions), max(revisions))
        return {change.revision: rollouts.get(change.revision, _unplanned(change)) for change in changes}

    def missing(self, network_id: NetworkId, revision: Revision) -> list[PeerId]:
        """Up to MOST_MISSING of the agents that have not applied a revision, in the order of their ids."""
        rollouts = self._open(network_id, revision, revision)
        concerned = sorted(rollouts[revision][1]) if rollouts else []
        found: list[PeerId] = []
        for at in range(0, len(concerned), AT_ONCE):
            running = self._running(concerned[at : at + AT_ONCE])
            found += (peer_id for peer_id, runs in sorted(running.items()) if runs < revision)
            if len(found) >= MOST_MISSING:
                break
        return found[:MOST_MISSING]

    def check(self, check: Check) -> int:
        """Note who is connected and has not applied the newest of the revisions that concern it, up to MOST_NOTED;
        answers how many there are.

        Those that have and were not counted are: their report came before it was known whom the revision concerns.
        """
        rollouts = self._open(check.network_id, check.first, check.last)
        newest = {peer_id: revision for revision, (_, who) in sorted(rollouts.items()) for peer_id in who}
        if not newest:
            return 0
        now = self.clock.now()
        known = self.presence.of(newest.keys())
        for revision, (rollout, who) in rollouts.items():
            gone = [Mark(peer_id, revision, None) for peer_id in who - known.keys()]
            done = [
                Mark.applied(peer_id, revision, rollout.at, known[peer_id].applied_at or now)
                for peer_id in who & known.keys()
                if known[peer_id].running >= revision
            ]
            if len(gone) + len(done) > rollout.gone + rollout.applied:
                self._mark(check.network_id, [*gone, *done])
        late = [peer_id for peer_id, one in known.items() if one.is_connected and one.running < newest[peer_id]]
        for peer_id in sorted(late)[:MOST_NOTED]:
            self.facts.insert(Fact(check.network_id, peer_id, FactKind.LATE, now))
        return len(late)

    def _open(
        self, network_id: NetworkId, first: Revision, last: Revision
    ) -> Mapping[Revision, tuple[Rollout, frozenset[PeerId]]]:
        """The revisions that somebody still has to apply, with whom they concern.

        Of those that concern many, the newest AUDIENCES: one agent that sleeps keeps all of them open.
        """
        rollouts = sorted(self.store.rollouts(network_id, first, last).items(), reverse=True)
        found: dict[Revision, tuple[Rollout, frozenset[PeerId]]] = {}
        room = AUDIENCES
        for revision, rollout in rollouts:
            if rollout.is_open and rollout.few is not None:
                found[revision] = (rollout, rollout.few)
            elif rollout.is_open and room:
                room -= 1
                found[revision] = (rollout, self._many(network_id, revision, rollout.concerned))
        return dict(sorted(found.items()))

    def _many(self, network_id: NetworkId, revision: Revision, agents: int) -> frozenset[PeerId]:
        """Whom a revision concerns: it stays as it is once all of it is written."""
        key = (network_id, revision)
        known = self._known.get(key) or self.store.concerned(network_id, revision)
        if len(known) == agents:
            self._known[key] = known
        while len(self._known) > AUDIENCES:
            self._known.popitem(last=False)
        return known

    def _mark(self, network_id: NetworkId, marks: Iterable[Mark]) -> None:
        once = {(mark.peer_id, mark.revision): mark for mark in marks}
        if once:
            self.store.count(network_id, list(once.values()), self.clock.now())

    def _running(self, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Revision]:
        return {peer_id: presence.running for peer_id, presence in self.presence.of(peer_ids).items()}


def _marks(report: Fact, rollouts: Mapping[Revision, tuple[Rollout, frozenset[PeerId]]]) -> Iterator[Mark]:
    """What a report proves: all that concerns its agent after what it ran before, up to what it runs now."""
    for revision, (rollout, who) in rollouts.items():
        if (report.after or 0) < revision <= (report.revision or 0) and report.peer_id in who:
            yield Mark.applied(report.peer_id, revision, rollout.at, report.at)


def _unplanned(change: Change) -> Rollout | None:
    return None if audience(change).has_agents else Rollout(change.at, 0)
