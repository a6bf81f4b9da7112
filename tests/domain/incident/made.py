"""Findings and incidents for tests: only what matters is said."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.ids import IncidentId, NetworkId, PeerId
from chalicelib.domain.incident.containment import Decision, decided
from chalicelib.domain.incident.finding import RULES, Finding, Line, Rule
from chalicelib.domain.incident.incident import Incident, Step, opened
from chalicelib.domain.incident.rules import DEFAULTS, Reaction
from tests.builders import T0
from tests.domain.incident.facts import CAFE, HOME, PARIS, PEER

LAB = NetworkId("net_lab")
SECOND = timedelta(seconds=1)
BLOCK = Decision(Reaction.BLOCK, Reaction.BLOCK)
ALERT = Decision(Reaction.ALERT, Reaction.ALERT)


def a_finding(rule: Rule = Rule.TAKING_TURNS, t: float = 0, **changes: Any) -> Finding:
    """Of the laptop, by paris, `t` seconds from T0."""
    kind, is_proof, names = RULES[rule]
    at = T0 + t * SECOND
    lines = (
        Line(at - 4 * SECOND, f"jump paris saw it at {HOME}", PARIS.id, HOME),
        Line(at, f"jump paris saw it at {CAFE}, 4 s after {HOME}", PARIS.id, CAFE),
    )
    finding = Finding(
        PEER, kind, rule, at, is_proof, False, "Several devices use it.", lines, DEFAULTS.thresholds(names), PARIS.id
    )
    return replace(finding, **changes)


def a_conflict(t: float = 0, **changes: Any) -> Finding:
    """Two instances, which nobody but the control plane saw."""
    return a_finding(Rule.TWO_INSTANCES, t, **{"observer_id": None, "newcomer": "instance-b", **changes})


def a_step(
    number: int = 1, finding: Finding | None = None, decision: Decision | None = None, t: float = 0, **changes: Any
) -> Step:
    """An incident that opens by a finding, and its first entries."""
    found = finding or a_finding()
    done = decision or decided(found, DEFAULTS, 0, 10)
    incident_id = IncidentId(f"inc_{number:04d}")
    incident, entries = opened(incident_id, LAB, "laptop", None, found, done, T0 + t * SECOND)
    return replace(incident, **changes), entries


def an_incident(number: int = 1, **changes: Any) -> Incident:
    incident, _ = a_step(number, **changes)
    return incident


JUMPS = frozenset({PARIS.id, PeerId("jmp_rome")})
