"""What the detector answers: findings, with the facts that decided in sentences, and questions to the peer's agents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.rules import IncidentType

ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}


class Rule(StrEnum):
    """By what something was found."""

    TWO_INSTANCES = "two_instances"
    TAKING_TURNS = "taking_turns"
    UNCONFIRMED_TURNS = "unconfirmed_turns"
    EARLY_HANDSHAKES = "early_handshakes"
    DENIED_HANDSHAKES = "denied_handshakes"
    ANOTHER_ADDRESS = "another_address"
    MANY_ADDRESSES = "many_addresses"
    CHANGING_HOST = "changing_host"
    MANY_BLOCKS = "many_blocks"


RULES: Mapping[Rule, tuple[IncidentType, bool, tuple[str, ...]]] = {  # its type, whether it proves, its thresholds
    Rule.TWO_INSTANCES: (IncidentType.SESSION_CONFLICT, True, ("overlap_s",)),
    Rule.TAKING_TURNS: (
        IncidentType.SHARED_CONFIG,
        True,
        (
            *("window_s", "early_handshake_s", "early_handshakes", "quick_return_s", "turn_return_s"),
            *("turn_endpoints", "bare_returns", "quiet_s"),
        ),
    ),
    Rule.UNCONFIRMED_TURNS: (
        IncidentType.SHARED_CONFIG,
        False,
        ("window_s", "early_handshake_s", "early_handshakes", "bare_returns", "quiet_s"),
    ),
    Rule.EARLY_HANDSHAKES: (
        IncidentType.SHARED_CONFIG,
        False,
        ("window_s", "early_handshake_s", "early_handshakes", "quiet_s"),
    ),
    Rule.DENIED_HANDSHAKES: (
        IncidentType.SHARED_CONFIG,
        True,
        ("denied_handshakes", "denial_tolerance_s", "quiet_s"),
    ),
    Rule.ANOTHER_ADDRESS: (IncidentType.SHARED_CONFIG, True, ("strict_s",)),
    Rule.MANY_ADDRESSES: (IncidentType.SUSPICIOUS_ACTIVITY, True, ("address_changes", "address_window_s")),
    Rule.CHANGING_HOST: (IncidentType.SUSPICIOUS_ACTIVITY, True, ("host_returns", "address_window_s")),
    Rule.MANY_BLOCKS: (IncidentType.SUSPICIOUS_ACTIVITY, True, ("observer_blocks", "observer_percent")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of the timeline, as a sentence. `observer_id` None: the gateway saw it itself. `endpoint`: where the
    peer was, None: nobody said. `instance_id`: of the agent that spoke, None: a jump spoke of it."""

    at: datetime
    text: str
    observer_id: PeerId | None = None
    endpoint: str | None = None
    instance_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that a rule calls an incident, before it is known whether it was found already. See `Finding`."""

    rule: Rule
    at: datetime
    summary: str
    lines: tuple[Line, ...]
    observer_id: PeerId | None = None
    newcomer: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """An incident, or a later fact of it. `at`: of the deciding fact. `observer_id`: the jump whose word decided, None:
    nobody's but the gateway's. `is_proof` False: it is worth an alert and no more. `is_later`: it joins the timeline of
    what was found before. `lines`: the facts that decided, oldest first. `newcomer`: the later of two instances of the
    peer's agent, None: they are not told apart."""

    peer_id: PeerId
    type: IncidentType
    rule: Rule
    at: datetime
    is_proof: bool
    is_later: bool
    summary: str
    lines: tuple[Line, ...]
    thresholds: Mapping[str, int]
    observer_id: PeerId | None = None
    newcomer: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """After so long, send a nonce to every agent with a socket of the peer: their answers prove or clear it."""

    peer_id: PeerId
    after: timedelta


def ordinal(number: int) -> str:
    return ORDINALS.get(number, f"{number}th")


def joined(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.at))
