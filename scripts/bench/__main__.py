"""Run the benchmarks: `python -m scripts.bench [GROUP …] [--json] [--out FILE]`. As root: one engine needs a namespace.

Ends with 1 when a bar is missed. Progress goes to standard error.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.bench import (
    black_hole,
    churn,
    control_plane,
    ended_access,
    fanout,
    flood,
    growth,
    healing,
    idle,
    moves,
    outage,
    pace,
    revocation,
)
from scripts.bench.authz import authz
from scripts.bench.figures import Figure, Group, Say, Verdict, as_json, judged, table, write_lines
from scripts.bench.month import month
from scripts.bench.racing import race

OUT = Path(__file__).parents[2] / ".local" / "bench.jsonl"
GROUPS: dict[str, Group] = {
    "control_plane": control_plane.GROUP,
    "fanout": fanout.GROUP,
    "growth": growth.GROUP,
    "churn": churn.GROUP,
    "agent": idle.GROUP,
    "moves": moves.GROUP,
    "healing": healing.GROUP,
    "black_hole": black_hole.GROUP,
    "outage": outage.GROUP,
    "races": race.GROUP,
    "costs": month.GROUP,
    "revocation": revocation.GROUP,
    "access": ended_access.GROUP,
    "authz": authz.GROUP,
    "flood": flood.GROUP,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about = "; ".join(f"{name}: {group.about}" for name, group in GROUPS.items())
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"all by default. {about}")
    parser.add_argument("--json", action="store_true", help="figures with their bars as one JSON array, not a table")
    parser.add_argument("--out", type=Path, default=OUT, help="the JSON lines; rewritten by each run (%(default)s)")
    given = parser.parse_args(arguments)
    if unknown := set(given.groups) - GROUPS.keys():
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    figures: list[Figure] = []
    verdicts: list[Verdict] = []
    for name in given.groups or GROUPS:
        before = pace.slowness()
        measured = GROUPS[name].measure(_saying(name))
        slowness = (before + pace.slowness()) / 2
        _saying(name)(f"this machine takes {slowness:.2f} times as long as the reference")
        figures += measured
        verdicts += judged(measured, GROUPS[name].bars, slowness)
        write_lines(given.out, figures)
    _show(verdicts, is_json=given.json)
    return 1 if any(verdict.is_met is False for verdict in verdicts) else 0


def _saying(name: str) -> Say:
    return lambda line: print(f"{name}: {line}", file=sys.stderr, flush=True)


def _show(verdicts: Sequence[Verdict], *, is_json: bool) -> None:
    if is_json:
        shown = ({**as_json(one.figure), "at_pace": one.at_pace, "bar": one.bar, "met": one.is_met} for one in verdicts)
        print(json.dumps(list(shown)))
        return
    for line in table(verdicts):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
