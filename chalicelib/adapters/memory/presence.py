"""What agents run and what was seen of peers, in memory."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.adapters.memory.tables import BATCH, BATCH_READ, AgentFacts, MemoryTables
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import Applied, Fact, OwnHandshakes, Presence, Sighting, latest_before
from chalicelib.ports.presence import PeerObservation, Progress

AGENTS = ("dyn_", "jmp_")


class MemoryPresence:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def wanted(self, peer_id: PeerId) -> Revision | None:
        self._tables.requests["read"] += 1
        facts = self._tables.agents.get(peer_id)
        return None if facts is None else facts.wanted

    def raise_wanted(self, revisions: Mapping[PeerId, Revision]) -> None:
        self._tables.requests["write"] += math.ceil(len(revisions) / BATCH)
        for peer_id, revision in revisions.items():
            with self._tables.lock:
                facts = self._tables.agents.get(peer_id)
                if facts is not None and facts.wanted < revision:
                    facts.wanted = revision

    def note_connected(
        self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime
    ) -> Progress | None:
        facts = self._said(agent)
        if facts is None:
            return None
        facts.connection_id, facts.instance_id, facts.last_seen = connection_id, instance_id, at
        facts.accused_since = None
        return _progress(facts)

    def note_disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> bool:
        facts = self._written(peer_id)
        if facts is None or facts.connection_id not in (None, connection_id):
            return False
        facts.connection_id, facts.closed_at = None, at
        return True

    def note_heartbeat(
        self,
        agent: Agent,
        instance_id: str,
        seq: int,
        host: Host | None,
        at: datetime,
        own: OwnHandshakes | None = None,
        unreachable: Collection[PeerId] = (),
    ) -> Progress | None:
        facts = self._said(agent)
        if facts is None:
            return None
        facts.instance_id, facts.last_seen, facts.host = instance_id, at, host or facts.host
        facts.own_handshakes = own or facts.own_handshakes
        facts.accused_since, facts.unreachable = None, frozenset(unreachable)
        return _progress(facts)

    def note_sign_of_life(self, agent: Agent, at: datetime) -> None:
        facts = self._said(agent)
        if facts is not None:
            facts.last_seen, facts.accused_since = at, None

    def accuse(self, peer_id: PeerId, at: datetime) -> AgentLiveness | None:
        facts = self._written(peer_id)
        if facts is None:
            return None
        facts.accused_since = facts.accused_since or at
        return _liveness(facts)

    def note_down(self, peer_id: PeerId, at: datetime) -> None:
        facts = self._written(peer_id)
        if facts is not None:
            facts.fell_at = at

    def liveness(self, peer_id: PeerId) -> AgentLiveness | None:
        self._tables.requests["read"] += 1
        facts = self._tables.agents.get(peer_id)
        return None if facts is None else _liveness(facts)

    def progress(self, agent: Agent) -> Progress | None:
        self._tables.requests["read"] += 1
        facts = self._tables.agents.get(agent.peer_id)
        return None if facts is None or facts.admission != agent.admission else _progress(facts)

    def applied_revision(self, peer_id: PeerId) -> Revision:
        self._tables.requests["read"] += 1
        facts = self._tables.agents.get(peer_id)
        return Revision(0) if facts is None else _progress(facts).applied

    def note_applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
        facts = self._said(agent)
        if facts is None or _progress(facts).applied > revision:
            return None
        if facts.applied is None or (facts.applied.revision, facts.applied.at) != (revision, at):
            facts.applied_after = _progress(facts).applied
        facts.applied = Applied(revision, bundle_hash, at, None)
        return facts.applied_after

    def note_failure(self, agent: Agent, error: str, at: datetime) -> bool:
        facts = self._said(agent)
        if facts is None:
            return False
        facts.applied = replace(facts.applied or Applied(Revision(0), "", at, None), error=error)
        return True

    def sightings(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        self._tables.requests["read"] += math.ceil(len(peer_ids) / BATCH_READ)
        known = ((peer_id, self._tables.sightings.get((peer_id, network_id))) for peer_id in peer_ids)
        return {peer_id: sighting for peer_id, sighting in known if sighting is not None}

    def keep_sightings(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        self._tables.requests["write"] += math.ceil(len(seen) / BATCH)
        kept: set[PeerId] = set()
        for peer_id, sighting in seen.items():
            with self._tables.lock:
                stored, known = self._tables.sightings.get((peer_id, network_id)), before.get(peer_id)
                if known is None or stored is None:
                    is_kept = known is stored
                else:
                    is_kept = stored.handshake_at <= latest_before(known, sighting)
                if is_kept:
                    self._tables.sightings[peer_id, network_id] = sighting
                    kept.add(peer_id)
        return kept

    def insert_facts(self, *facts: Fact) -> None:
        self._tables.requests["write"] += math.ceil(len(facts) / BATCH)
        for fact in facts:
            self._tables.facts.setdefault(fact)

    def observations(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, PeerObservation]:
        self._tables.requests["read"] += 2
        seen = {
            peer_id: PeerObservation(
                _presence(self._tables.agents.get(peer_id)), self._tables.sightings.get((peer_id, network_id))
            )
            for peer_id in peer_ids
        }
        return {peer_id: facts for peer_id, facts in seen.items() if facts != PeerObservation()}

    def _said(self, agent: Agent) -> AgentFacts | None:
        facts = self._written(agent.peer_id)
        return None if facts is None or facts.admission != agent.admission else facts

    def _written(self, peer_id: PeerId) -> AgentFacts | None:
        self._tables.requests["write"] += 1
        return self._tables.agents.get(peer_id)


def _progress(facts: AgentFacts) -> Progress:
    applied = Revision(0) if facts.applied is None else facts.applied.revision
    return Progress(facts.wanted, applied, facts.is_blocked)


def _liveness(facts: AgentFacts) -> AgentLiveness:
    return AgentLiveness(
        facts.connection_id, facts.last_seen, facts.accused_since, facts.fell_at, facts.unreachable, facts.closed_at
    )


def _presence(facts: AgentFacts | None) -> Presence | None:
    if facts is None:
        return None
    return Presence(
        facts.wanted,
        facts.connection_id is not None,
        facts.last_seen,
        facts.host,
        facts.instance_id,
        facts.applied,
        facts.own_handshakes,
    )
