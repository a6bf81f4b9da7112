"""Timelines of incidents: what their entries are, and what evidence and decisions say there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.containment import Decision, Held
from chalicelib.domain.incident.finding import Finding, Line
from chalicelib.domain.incident.rules import Reaction

MOST_LINES = 50  # of one finding, the newest: one transaction takes them all


class EntryKind(StrEnum):
    """What an entry of a timeline tells of."""

    EVIDENCE = "evidence"
    DECISION = "decision"
    BLOCK = "block"
    APPLIED = "applied"
    CONTAINED = "contained"
    NOTE = "note"
    RESOLVED = "resolved"


Data = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an incident's timeline. `number`: counts its entries in the order they were added, from 0. `text`: a
    sentence. `observer_id`: the jump that it is from, None: from none. `data`: what of it is drawn."""

    number: int
    at: datetime
    kind: EntryKind
    text: str
    observer_id: PeerId | None = None
    data: Data = field(default_factory=dict)


def evidence(lines: Sequence[Line]) -> list[Entry]:
    return [
        Entry(
            0,
            line.at,
            EntryKind.EVIDENCE,
            line.text,
            line.observer_id,
            {
                name: said
                for name, said in (("endpoint", line.endpoint), ("instance_id", line.instance_id))
                if said is not None
            },
        )
        for line in lines[-MOST_LINES:]
    ]


DONE = {
    Reaction.OFF: "nothing was done",
    Reaction.ALERT: "people were told, and nothing else was done",
    Reaction.REJECT: "the newcomer gets no session",
    Reaction.BLOCK: "the peer was to be blocked",
}
WHY = {
    Held.SIGNS_ONLY: "it is less than a proof",
    Held.JUMP: "a jump is never blocked by itself",
    Held.OBSERVER_LIMIT: "the jump that saw it has had as many peers blocked within the hour as one jump may",
    Held.SHADOW: "the network's rules only record what would be done",
}


def decision_entry(finding: Finding, decision: Decision, now: datetime) -> Entry:
    why = "" if decision.held is None else f": {WHY[decision.held]}"
    data = {"rule": finding.rule.value, "reaction": decision.reaction.value, "wanted": decision.wanted.value}
    return Entry(
        0,
        now,
        EntryKind.DECISION,
        f"by the rule {finding.rule}, {DONE[decision.reaction]}{why}",
        finding.observer_id,
        data,
    )
