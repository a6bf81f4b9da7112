"""How soon agents are back after an outage, and how many come in one second."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.lost import Returns
from scripts.bench.returning import ControlPlane, Simulation, Way, most_in_a_second

ROOT = Path(__file__).parents[2]
OUTAGE_S = 40.0
AGENTS = 20  # of each kind of outage
MANY = 1_000
LOST_AT_S = 100.0
WITHIN_S = 300.0
OUTAGES_S = (0.0, 1.0, 5.0, OUTAGE_S)

BARS = (Bar("reconnect_after_outage_s", 15), Bar("fleet_opens_per_s", 500))


def measure(say: Say) -> list[Figure]:
    say(f"{MANY} agents lose their sockets at one moment, simulated")
    opens = max(_most_opens(outage_s, way) for outage_s in OUTAGES_S for way in Way)
    say(f"{2 * AGENTS} agents lose a control plane that refuses or drops, for {OUTAGE_S:g} s")
    returns = _returns()
    say(f"refused: {sorted(returns.refused)}")
    say(f"dropped: {sorted(returns.dropped)}")
    kinds = (returns.refused, returns.dropped)
    return [
        Figure("reconnect_after_outage_s", max(map(p95, kinds)), "s", AGENTS),
        Figure("reconnect_worst_s", max(map(max, kinds)), "s", AGENTS),
        Figure("fleet_opens_per_s", opens, "opens", MANY),
    ]


GROUP = Group("how soon agents are back after an outage, and how many at once", measure, BARS)


def _most_opens(outage_s: float, way: Way) -> int:
    """Handshakes in any second, of tries that meet nobody too, until all are back."""
    plane = ControlPlane(LOST_AT_S, LOST_AT_S + outage_s, way)
    fleet = Simulation(plane, MANY)
    fleet.lose_all(LOST_AT_S)
    fleet.run_until_back(most_s=LOST_AT_S + outage_s + 60)
    return most_in_a_second(plane.opens)


def _returns() -> Returns:
    command = ["unshare", "--net", sys.executable, "-m", "scripts.bench.lost", str(AGENTS), f"{OUTAGE_S:g}"]
    told = subprocess.run(command, check=True, cwd=ROOT, timeout=WITHIN_S, stdout=subprocess.PIPE)
    return msgspec.json.decode(told.stdout, type=Returns)


def p95(values: Sequence[float]) -> float:
    """The value that 19 of 20 do not exceed."""
    return sorted(values)[-(-len(values) * 19 // 20) - 1]
