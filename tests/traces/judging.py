"""What the detector says of a trace."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.containment import decided
from chalicelib.domain.incident.detection import detect
from chalicelib.domain.incident.evidence import Fact
from chalicelib.domain.incident.finding import Finding
from chalicelib.domain.incident.memory import Memory
from chalicelib.domain.incident.rules import DEFAULTS, Reaction, Rules


@dataclass(frozen=True)
class Judged:
    """The findings of a trace, and what is remembered at its end."""

    findings: tuple[Finding, ...]
    memory: Memory

    @property
    def blocks(self) -> list[Finding]:
        """Findings that block the peer of a network where nothing else is blocked."""
        return [one for one in self.findings if decided(one, DEFAULTS, 0, 100).reaction is Reaction.BLOCK]


def judged(facts: Iterable[Fact], rules: Rules = DEFAULTS) -> Judged:
    memory, findings = Memory(PeerId("sta_shared")), list[Finding]()
    for fact in facts:
        memory, verdicts = detect(memory, fact, rules)
        findings += [verdict for verdict in verdicts if isinstance(verdict, Finding)]
    return Judged(tuple(findings), memory)
