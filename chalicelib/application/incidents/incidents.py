"""From findings to incidents: opened, joined, and what is done about the peer.

Requests of a finding: 3 reads and 1 transaction, and 1 read more each for an open incident and for the jumps of a
block. A finding that came before: 2 reads. One that is held back because its observer had too many peers blocked: as
much again for the incident on the observer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import Affected, What
from chalicelib.domain.change.writes import Audit, Commit, PutPeer, Write, marks
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.audit import AuditId, AuditRecord, Details, Target, TargetKind
from chalicelib.domain.identity.principal import Caller, job
from chalicelib.domain.ids import IncidentId, NetworkId
from chalicelib.domain.incident.containment import Decision, accusation, decided, forced
from chalicelib.domain.incident.finding import Finding
from chalicelib.domain.incident.incident import Incident, Step, blocked, joined, opened
from chalicelib.domain.incident.rules import Reaction, Rules
from chalicelib.domain.incident.timeline import Entry
from chalicelib.domain.incident.writes import OpenIncident, PutObserverBlocks, RejectInstances, SaveIncident
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.home import serving
from chalicelib.domain.peer.patch import revised
from chalicelib.domain.peer.peer import PeerRecord
from chalicelib.ports.incidents import IncidentStore, Standing
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.transactions import Transactions

DETECTION = job("detection")


@dataclass(frozen=True, slots=True)
class Incidents:
    network_edits: NetworkEdits
    transactions: Transactions
    networks: NetworkStore
    peers: PeerStore
    store: IncidentStore
    clock: Clock
    randomness: Randomness

    def take(self, network_id: NetworkId, findings: Sequence[Finding], rules: Rules) -> None:
        """Open incidents of findings, or have them join the open ones, and do what the rules say.

        A finding that comes again changes nothing; nor does one of before the last incident of its kind was
        resolved, or of a peer or network that is gone.

        Args:
            rules: of the network, as they are in force.

        Raises:
            Busy.
        """
        for finding in findings:
            retry_on_conflict(self.clock, partial(self._take, network_id, finding, rules))

    def _take(self, network_id: NetworkId, finding: Finding, rules: Rules) -> None:
        standing = self.store.standing(network_id, finding.peer_id, finding.type, finding.observer_id)
        if _is_known(standing, finding):
            return
        try:
            network = self.networks.get(network_id)
            record = self.peers.get(network_id, finding.peer_id)
        except (NetworkNotFound, PeerNotFound):
            return
        now = self.clock.now()
        decision = self._decided(finding, rules, standing, network, now)
        if decision.reaction is Reaction.OFF:
            return
        if decision.accuses_observer:  # first: a finding that comes again ends above
            self._take(network_id, accusation(finding, rules), rules)
        before = standing.incident
        if before is None:
            incident_id = IncidentId(self.randomness.new_id("inc"))
            peer = record.peer
            step = opened(incident_id, network_id, peer.name, peer.owner_id, finding, decision, now)
        else:
            step = joined(before, finding, decision, now)
        if decision.reaction is Reaction.BLOCK and (before is None or before.is_outdone_by(decision)):
            self._block(network, record, standing, step)
        else:
            self.transactions.commit(Commit(None, self._writes(before, step)))

    def _decided(self, finding: Finding, rules: Rules, standing: Standing, network: Network, now: datetime) -> Decision:
        blocks = 0 if standing.blocks is None else standing.blocks.within(now)
        return forced(finding) or decided(finding, rules, blocks, network.peers)

    def _block(self, stored: Network, record: PeerRecord, standing: Standing, step: Step) -> None:
        """Write the incident and the block it demands in one change of the network."""
        now = self.clock.now()
        network, peer = stored.advanced(now), record.peer
        hubs = [] if peer.is_blocked else serving(self.peers.jumps(network.id))
        jumps = frozenset(jump.id for jump in hubs) - stored.down
        step = blocked(step, network.revision, jumps, now)
        incident, _ = step
        after = revised(peer, peer.blocked(incident.id), network.revision, now)
        writes: list[Write] = [
            PutPeer(replace(record, peer=after)),
            *marks(peer, after),
            *self._writes(standing.incident, step),
        ]
        if standing.blocks is not None:
            writes.append(PutObserverBlocks(standing.blocks.with_one(now)))
        affected = (Affected(peer, after),)
        edit = NetworkEdit(What.PEER_BLOCKED, network, tuple(writes), affected, incident.summary)
        self.network_edits.commit(stored, edit, DETECTION)

    def _writes(self, before: Incident | None, step: Step) -> tuple[Write, ...]:
        incident, entries = step
        audit = self._audit(before, incident)
        rejected = frozenset[str]() if before is None else before.rejected
        is_rejecting = incident.rejected != rejected and incident.reaction is Reaction.REJECT
        return (
            _kept(before, incident, entries),
            *((RejectInstances(incident.peer_id, incident.rejected),) if is_rejecting else ()),
            *(() if audit is None else (audit,)),
        )

    def _audit(self, before: Incident | None, after: Incident) -> Audit | None:
        """A record of an incident that opened, or because of which more is done than before."""
        if before is not None and before.reaction is after.reaction:
            return None
        action = "incident_opened" if before is None else "incident_escalated"
        was = None if before is None else _details(before)
        record_id = AuditId(self.randomness.new_id("aud"))
        at = after.opened_at if before is None else self.clock.now()
        return Audit(audit_record(record_id, at, action, after, DETECTION, was, _details(after)))


def audit_record(
    record_id: AuditId,
    at: datetime,
    action: str,
    incident: Incident,
    by: Caller,
    before: Details | None,
    after: Details | None,
) -> AuditRecord:
    """What somebody did to an incident; its target is called as the peer is."""
    return AuditRecord(
        id=record_id,
        at=at,
        actor=by.actor,
        source=by.source,
        action=action,
        target=Target(TargetKind.INCIDENT, incident.id, incident.peer_name),
        network_id=incident.network_id,
        before=before,
        after=after,
        request_id=by.request_id,
    )


def _is_known(standing: Standing, finding: Finding) -> bool:
    if standing.incident is not None:
        return standing.incident.has_taken(finding)
    return standing.settled_until is not None and finding.at <= standing.settled_until


def _kept(before: Incident | None, after: Incident, entries: tuple[Entry, ...]) -> OpenIncident | SaveIncident:
    return OpenIncident(after, entries) if before is None else SaveIncident(before, after, entries)


def _details(incident: Incident) -> Details:
    return {
        "peer_id": incident.peer_id,
        "type": incident.type.value,
        "rule": incident.rule.value,
        "reaction": incident.reaction.value,
        "summary": incident.summary,
    }
