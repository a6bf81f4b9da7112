"""Incidents and the settings of detection: `/api/v1/incidents`, `/api/v1/networks/{network_id}/detection`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.wire.codec import Answer, Request

IncidentType = Literal["session_conflict", "shared_config", "suspicious_activity"]
IncidentState = Literal["open", "contained", "resolved"]
Reaction = Literal["off", "alert", "reject", "block"]
Action = Literal["restore", "rekey", "keep_blocked"]
Held = Literal["signs_only", "jump", "observer_limit", "shadow"]
EntryKind = Literal["evidence", "decision", "block", "applied", "contained", "note", "resolved"]
RuleName = Literal[
    "two_instances",
    "taking_turns",
    "unconfirmed_turns",
    "early_handshakes",
    "denied_handshakes",
    "another_address",
    "many_addresses",
    "changing_host",
    "many_blocks",
]
NoteText = Annotated[str, Meta(min_length=1, max_length=2000)]
Sought = Annotated[str, Meta(min_length=1, max_length=100)]


class RuleInForce(Answer, frozen=True):
    """`is_proof` false: what it finds is worth an alert and no more."""

    name: RuleName
    is_proof: bool
    thresholds: dict[str, int]


class Resolution(Answer, frozen=True):
    action: Action
    note: str


class Incident(Answer, frozen=True):
    """`reaction`: what was done; `wanted`: what the rules asked for, and `held` why less was done. `decided_by`: the
    jump whose word decided, null: the control plane proved it itself. `awaits`: the jumps that have not cut the peer
    off yet. `containment_ms`: from the deciding fact to the last of them. `resolved_by`: a name."""

    id: str
    network_id: str
    peer_id: str
    peer_name: str
    type: IncidentType
    state: IncidentState
    reaction: Reaction
    wanted: Reaction
    held: Held | None
    shadow: bool
    opened_at: datetime
    decided_at: datetime
    decided_by: str | None
    rule: RuleInForce
    summary: str
    awaits: list[str]
    contained_at: datetime | None
    containment_ms: int | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: Resolution | None
    timeline_count: int


class Entry(Answer, frozen=True):
    """`observer_id`: the jump that it is from, null: from none. `text`: a sentence; of a note what was written. `data`:
    of evidence `endpoint` and `instance_id`, of `applied` and `contained` `ms`, of a note and a resolution `by`."""

    at: datetime
    kind: EntryKind
    observer_id: str | None
    text: str
    data: dict[str, Any]


class IncidentQuery(Request, frozen=True):
    """Newest first. Of several filters one is looked up, and the others leave incidents out of the page."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None
    network_id: Sought | None = None
    state: IncidentState | None = None
    type: IncidentType | None = None
    peer_id: Sought | None = None


class Summary(Answer, frozen=True):
    """How many incidents the caller may see, by state, and by state and type."""

    open: int
    contained: int
    resolved: int
    types: dict[IncidentState, dict[IncidentType, int]]


class Note(Request, frozen=True):
    text: NoteText


class Resolve(Request, frozen=True):
    """`restore`: unblocked as it is. `rekey`: unblocked with new keys. `keep_blocked`: it stays blocked until somebody
    unblocks it. `public_key`: of `rekey` of a static peer, null: a pair is generated."""

    action: Action
    note: NoteText
    public_key: str | None = None


class Resolved(Incident, frozen=True):
    """`enrollment_token`: after `rekey` of an agent's peer, shown this once. `config`: after `rekey` of a static peer,
    its new file, with its private key when the pair was generated. Both are null when `replayed`."""

    enrollment_token: str | None
    enrollment_expires_at: datetime | None
    config: str | None
    replayed: bool = False


class ResolveMany(Request, frozen=True):
    """`rekey` is for one at a time, because its keys are shown once."""

    incident_ids: Annotated[list[Sought], Meta(min_length=1, max_length=50)]
    action: Literal["restore", "keep_blocked"]
    note: NoteText


class NotResolved(Answer, frozen=True):
    """`code`, `detail`: as of the problem that this incident alone would be answered."""

    id: str
    code: str
    detail: str


class ManyResolved(Answer, frozen=True):
    resolved: list[Incident]
    failed: list[NotResolved]


class Range(Answer, frozen=True):
    """The values that a threshold takes, and what it is when nobody set it."""

    least: int
    most: int
    default: int


class Detection(Answer, frozen=True):
    """The settings of detection in force, see docs/incidents.md; `_s`: seconds. `version`: the ETag. `shadow`: what
    would have been done is recorded, and nothing is done. `strict`: another address within `strict_s` is a proof."""

    version: int
    session_conflict: Reaction
    shared_config: Reaction
    suspicious_activity: Reaction
    shadow: bool
    strict: bool
    overlap_s: int
    window_s: int
    early_handshake_s: int
    early_handshakes: int
    quick_return_s: int
    turn_return_s: int
    turn_endpoints: int
    bare_returns: int
    denied_handshakes: int
    denial_tolerance_s: int
    quiet_s: int
    address_changes: int
    address_window_s: int
    host_returns: int
    strict_s: int
    observer_blocks: int
    observer_percent: int
    ranges: dict[str, Range]


class DetectionSettings(Request, frozen=True):
    """Settings of detection. What is left out of a PUT gets its default, of a replay it is as it is in force."""

    session_conflict: Reaction | UnsetType = UNSET
    shared_config: Reaction | UnsetType = UNSET
    suspicious_activity: Reaction | UnsetType = UNSET
    shadow: bool | UnsetType = UNSET
    strict: bool | UnsetType = UNSET
    overlap_s: int | UnsetType = UNSET
    window_s: int | UnsetType = UNSET
    early_handshake_s: int | UnsetType = UNSET
    early_handshakes: int | UnsetType = UNSET
    quick_return_s: int | UnsetType = UNSET
    turn_return_s: int | UnsetType = UNSET
    turn_endpoints: int | UnsetType = UNSET
    bare_returns: int | UnsetType = UNSET
    denied_handshakes: int | UnsetType = UNSET
    denial_tolerance_s: int | UnsetType = UNSET
    quiet_s: int | UnsetType = UNSET
    address_changes: int | UnsetType = UNSET
    address_window_s: int | UnsetType = UNSET
    host_returns: int | UnsetType = UNSET
    strict_s: int | UnsetType = UNSET
    observer_blocks: int | UnsetType = UNSET
    observer_percent: int | UnsetType = UNSET


class Replay(Request, frozen=True):
    rules: DetectionSettings = DetectionSettings()


class Replayed(Answer, frozen=True):
    """An incident that would have been opened. `reaction`: what would have been done."""

    peer_id: str
    type: IncidentType
    rule: RuleName
    at: datetime
    reaction: Reaction
    wanted: Reaction
    held: Held | None
    summary: str


class ReplayAnswer(Answer, frozen=True):
    """`since`: of the oldest evidence that is kept. `facts`: how many were looked at; `is_whole` false: there were
    more."""

    since: datetime | None
    facts: int
    is_whole: bool
    opened: int
    blocked: int
    incidents: list[Replayed]
