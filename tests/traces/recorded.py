"""Sequences of the format that README.md describes, as facts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from chalicelib.domain.incident.evidence import Frame, Observation, Observer
from tests.traces.wireguard import LONG_AGO_S, PARIS, PEER, at

FIELD = Path(__file__).with_name("field.jsonl")


@dataclass(frozen=True)
class Case:
    """One sequence. `verdict`: `clone` or `honest`."""

    name: str
    verdict: str
    facts: Sequence[Observation]


def cases(path: Path = FIELD) -> Sequence[Case]:
    """The cases of a file, in its order."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = []
    for name, events in groupby(lines, key=lambda line: line["case"]):
        listed = list(events)
        found.append(Case(name, listed[0]["verdict"], observations(listed)))
    return found


def observations(events: Sequence[Mapping[str, object]], shift_s: float = 0.0) -> list[Observation]:
    """Each event as a look of a jump that was up long before; a `packet` that changes nothing is not told."""
    facts: list[Observation] = []
    handshake_at, before = LONG_AGO_S, ("", LONG_AGO_S)
    for event in events:
        t, endpoint = float(str(event["t"])) + shift_s, str(event["endpoint"])
        handshake_at = t if event["event"] == "handshake" else handshake_at
        if (endpoint, handshake_at) == before:
            continue
        before = (endpoint, handshake_at)
        frame = Frame("paris-0", len(facts), at(t + 0.1))
        facts.append(
            Observation(PEER, Observer(PARIS, "paris", at(LONG_AGO_S)), frame, at(t), at(handshake_at), endpoint)
        )
    return facts
