"""An incident of a peer, from the finding that opened it to its resolution.

Each step answers the incident as it is afterwards, and the entries that its timeline gets by that. A step that was
made before changes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import IncidentId, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.incident.containment import Decision, Held
from chalicelib.domain.incident.errors import IncidentResolved, TimelineFull
from chalicelib.domain.incident.finding import Finding, Rule
from chalicelib.domain.incident.rules import IncidentType, Reaction
from chalicelib.domain.incident.timeline import Entry, EntryKind, decision_entry, evidence

MOST_FINDINGS = 60  # of one incident: as many as the detector tells, and some that came twice
MOST_NOTES = 100
MOST_REJECTED = 16  # instances of one peer
DIGEST = 16  # of a finding's hash in hexadecimal
WEIGHT = {Reaction.OFF: 0, Reaction.ALERT: 1, Reaction.REJECT: 2, Reaction.BLOCK: 3}
MS = timedelta(milliseconds=1)


class State(StrEnum):
    """`open`: there is nothing to contain, or it is not contained yet. `contained`: the last serving jump has cut the
    peer off."""

    OPEN = "open"
    CONTAINED = "contained"
    RESOLVED = "resolved"


class Action(StrEnum):
    """How an incident is resolved. `rekey`: restored with new keys, so that nothing that was copied is of use."""

    RESTORE = "restore"
    REKEY = "rekey"
    KEEP_BLOCKED = "keep_blocked"


@dataclass(frozen=True, slots=True)
class Resolution:
    """`by`: the name of whoever decided it."""

    action: Action
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """The change that cut the peer off: its revision, and the jumps that have not applied it yet."""

    revision: Revision
    awaits: frozenset[PeerId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """`peer_name`, `owner_id`: as they were when it opened. `decided_at`: the time of the deciding fact. `decided_by`:
    the jump whose word decided, None: nobody's but the control plane's. `rule`, `thresholds`: in force then.
    `reaction`: what was done; `wanted`: what the rules asked for, and `held` why less was done. `findings`: digests
    of those that were taken. `rejected`: instances of the peer's agent that get no session. `block` None: it blocks
    nothing. `notes`, `entries`: how many its timeline has. `version` rises with each step."""

    id: IncidentId
    network_id: NetworkId
    peer_id: PeerId
    peer_name: str
    owner_id: PrincipalId | None
    type: IncidentType
    rule: Rule
    thresholds: Mapping[str, int]
    is_proof: bool
    reaction: Reaction
    wanted: Reaction
    held: Held | None
    summary: str
    opened_at: datetime
    decided_at: datetime
    decided_by: PeerId | None
    findings: tuple[str, ...] = ()
    rejected: frozenset[str] = frozenset()
    block: Block | None = None
    contained_at: datetime | None = None
    resolution: Resolution | None = None
    notes: int = 0
    entries: int = 0
    version: int = 1

    @property
    def state(self) -> State:
        if self.resolution is not None:
            return State.RESOLVED
        return State.OPEN if self.contained_at is None else State.CONTAINED

    @property
    def is_shadow(self) -> bool:
        """Whether it only records what would have been done."""
        return self.held is Held.SHADOW

    @property
    def containment_ms(self) -> int | None:
        """From the deciding fact to the last serving jump's word that the peer is cut off there."""
        return None if self.contained_at is None else max(0, (self.contained_at - self.decided_at) // MS)

    def has_taken(self, finding: Finding) -> bool:
        """Whether a finding is one of those it was made of, or is one too many."""
        return digest(finding) in self.findings or len(self.findings) >= MOST_FINDINGS

    def is_outdone_by(self, decision: Decision) -> bool:
        """Whether more would be done by a decision than was done until now."""
        return WEIGHT[decision.reaction] > WEIGHT[self.reaction]

    def require_unresolved(self) -> None:
        if self.resolution is not None:
            raise IncidentResolved(self.id)


Step = tuple[Incident, tuple[Entry, ...]]


def opened(
    incident_id: IncidentId,
    network_id: NetworkId,
    peer_name: str,
    owner_id: PrincipalId | None,
    finding: Finding,
    decision: Decision,
    now: datetime,
) -> Step:
    incident = Incident(
        id=incident_id,
        network_id=network_id,
        peer_id=finding.peer_id,
        peer_name=peer_name,
        owner_id=owner_id,
        type=finding.type,
        rule=finding.rule,
        thresholds=finding.thresholds,
        is_proof=finding.is_proof,
        reaction=decision.reaction,
        wanted=decision.wanted,
        held=decision.held,
        summary=finding.summary,
        opened_at=now,
        decided_at=finding.at,
        decided_by=finding.observer_id,
        findings=(digest(finding),),
        rejected=_rejected(frozenset(), finding, decision),
    )
    return _with(incident, [*evidence(finding.lines), decision_entry(finding, decision, now)], rises=False)


def joined(incident: Incident, finding: Finding, decision: Decision, now: datetime) -> Step:
    """A later finding of the same kind. Where more is done by it than before, it is the one that decides."""
    taken = replace(
        incident,
        findings=(*incident.findings, digest(finding)),
        rejected=_rejected(incident.rejected, finding, decision),
    )
    entries = evidence(finding.lines)
    if not incident.is_outdone_by(decision):
        return _with(taken, entries)
    decided = replace(
        taken,
        rule=finding.rule,
        thresholds=finding.thresholds,
        is_proof=finding.is_proof,
        reaction=decision.reaction,
        wanted=decision.wanted,
        held=decision.held,
        summary=finding.summary,
        decided_at=finding.at,
        decided_by=finding.observer_id,
    )
    return _with(decided, [*entries, decision_entry(finding, decision, now)])


def blocked(step: Step, revision: Revision, jumps: Set[PeerId], now: datetime) -> Step:
    """The peer is cut off by the change of a revision, which these jumps have to apply. Part of the step before."""
    incident, entries = step
    blocking = replace(incident, block=Block(revision, frozenset(jumps)), contained_at=None)
    text = f"the peer was blocked, and {_jumps(len(jumps))} told to cut it off"
    added = [Entry(0, now, EntryKind.BLOCK, text, data={"revision": revision, "jumps": len(jumps)})]
    if not jumps:
        blocking = replace(blocking, contained_at=now)
        added.append(_contained(blocking, now))
    after, more = _with(blocking, added, rises=False)
    return after, (*entries, *more)


def applied(incident: Incident, jump_id: PeerId, jump_name: str, at: datetime) -> Step | None:
    """A jump says that it runs the block's revision; None: it is not waited for."""
    block = incident.block
    if block is None or jump_id not in block.awaits or incident.resolution is not None:
        return None
    took_ms = max(0, (at - incident.decided_at) // MS)
    text = f"jump {jump_name} cut it off, {took_ms} ms after the deciding fact"
    added = [Entry(0, at, EntryKind.APPLIED, text, jump_id, {"ms": took_ms, "revision": block.revision})]
    return _with(*_without_jump(incident, block, jump_id, at, added))


def excused(incident: Incident, jump_id: PeerId, at: datetime) -> Step | None:
    """A jump is gone: it serves nobody, and is waited for no longer; None: it was not."""
    block = incident.block
    if block is None or jump_id not in block.awaits or incident.resolution is not None:
        return None
    return _with(*_without_jump(incident, block, jump_id, at, []))


def noted(incident: Incident, text: str, by: str, now: datetime) -> Step:
    """Raises IncidentResolved, TimelineFull."""
    incident.require_unresolved()
    if incident.notes >= MOST_NOTES:
        raise TimelineFull(MOST_NOTES)
    return _with(replace(incident, notes=incident.notes + 1), [Entry(0, now, EntryKind.NOTE, text, data={"by": by})])


def resolved(incident: Incident, resolution: Resolution) -> Step:
    """Raises IncidentResolved."""
    incident.require_unresolved()
    after = replace(incident, resolution=resolution, rejected=frozenset())
    data = {"action": resolution.action.value, "by": resolution.by}
    return _with(after, [Entry(0, resolution.at, EntryKind.RESOLVED, resolution.note, data=data)])


def digest(finding: Finding) -> str:
    """The same for a finding that comes again."""
    said = "\n".join((finding.rule, finding.at.isoformat(), *(line.text for line in finding.lines)))
    return hashlib.sha256(said.encode()).hexdigest()[:DIGEST]


def _without_jump(
    incident: Incident, block: Block, jump_id: PeerId, at: datetime, entries: list[Entry]
) -> tuple[Incident, list[Entry]]:
    left = block.awaits - {jump_id}
    after = replace(incident, block=replace(block, awaits=left))
    if left:
        return after, entries
    latest = max((entry.at for entry in entries), default=at)
    after = replace(after, contained_at=latest)
    return after, [*entries, _contained(after, latest)]


def _with(incident: Incident, entries: Iterable[Entry], *, rises: bool = True) -> Step:
    """With entries in their places; a step raises the version once."""
    placed = tuple(replace(entry, number=incident.entries + n) for n, entry in enumerate(entries))
    version = incident.version + rises
    return replace(incident, entries=incident.entries + len(placed), version=version), placed


def _rejected(known: frozenset[str], finding: Finding, decision: Decision) -> frozenset[str]:
    if decision.reaction is not Reaction.REJECT or finding.newcomer is None or len(known) >= MOST_REJECTED:
        return known
    return known | {finding.newcomer}


def _contained(incident: Incident, at: datetime) -> Entry:
    text = f"it is cut off everywhere, {incident.containment_ms} ms after the deciding fact"
    return Entry(0, at, EntryKind.CONTAINED, text, data={"ms": incident.containment_ms})


def _jumps(number: int) -> str:
    return {0: "there was no jump to be", 1: "1 jump was"}.get(number, f"{number} jumps were")
