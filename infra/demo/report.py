"""What a run of the demo found: for people a table, for programs one JSON object."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from infra.demo.changes import Change
from infra.demo.time_shares import TimeShares
from infra.lab.probe import Delivery


@dataclass(frozen=True, slots=True)
class Ping:
    """One ordered pair of agents."""

    source: str
    target: str
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Report:
    """`peers`: those of the network at the end."""

    pings: Sequence[Ping]
    peers: int
    changes: Sequence[Change]
    probe: Delivery
    shares: TimeShares

    @property
    def p50_ms(self) -> float:
        return median(change.ms for change in self.changes)

    @property
    def max_ms(self) -> float:
        return max(change.ms for change in self.changes)

    @property
    def wrong(self) -> list[str]:
        """What should not have happened; empty for a good run."""
        found = [f"{ping.source} cannot ping {ping.target}" for ping in self.pings if not ping.is_answered]
        if self.probe.lost:
            found.append(f"{self.probe.lost} of {self.probe.sent} probe packets were lost")
        return found

    def json(self) -> str:
        """One line."""
        return json.dumps(
            {
                "pings": [{"from": ping.source, "to": ping.target, "ok": ping.is_answered} for ping in self.pings],
                "peers": self.peers,
                "changes": [
                    {"agents": change.agents, "ms": change.ms, "request_ms": change.request_ms, "what": change.what}
                    for change in self.changes
                ],
                "probe_sent": self.probe.sent,
                "probe_lost": self.probe.lost,
                "probe_longest_gap_ms": self.probe.longest_gap_ms,
                "p50_ms": round(self.p50_ms, 1),
                "max_ms": self.max_ms,
                "request_p50_ms": self.shares.request_ms,
                "hint_p50_ms": self.shares.hint_ms,
                "agent_p50_ms": self.shares.agent_ms,
            }
        )

    def table(self) -> str:
        return "\n".join(self._rows())

    def _rows(self) -> Iterator[str]:
        yield "ping"
        for ping in self.pings:
            yield f"  {ping.source:<8} → {ping.target:<8} {'ok' if ping.is_answered else 'NO ANSWER'}"
        yield f"{'change':<44} {'agents':>6} {'request ms':>11} {'in WireGuard ms':>16}"
        for change in self.changes:
            yield f"  {change.what:<42} {change.agents:>6} {change.request_ms:>11.0f} {change.ms:>16.0f}"
        yield f"  p50 {self.p50_ms:.0f} ms, max {self.max_ms:.0f} ms{self._where()}"
        yield f"probe: {self.probe.lost} of {self.probe.sent} lost, longest gap {self.probe.longest_gap_ms:.0f} ms"

    def _where(self) -> str:
        """The agent's own share of the time, where its log told."""
        if self.shares.hint_ms is None:
            return ""
        return (
            f"; of the p50: {self.shares.hint_ms:.0f} ms until the last agent was told"
            f" (API answered after {self.shares.request_ms:.0f} ms), {self.shares.agent_ms:.0f} ms to fetch and apply"
        )
