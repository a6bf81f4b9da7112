"""Figures, the bars they must not miss, and how both are shown."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]
"""Progress, a line at a time."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. `n`: the size it was taken at: peers of a network, sockets."""

    name: str
    value: float
    unit: str
    n: int


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure may be at most. `at`: only at this size and above; 0: at every. `is_paced`: a time of
    processors, judged as the reference would have taken it (pace.py)."""

    name: str
    at_most: float
    at: int = 0
    is_paced: bool = False

    def judges(self, figure: Figure) -> bool:
        return figure.name == self.name and figure.n >= self.at


@dataclass(frozen=True, slots=True)
class Floor:
    """What a figure must be at least."""

    name: str
    at_least: float


@dataclass(frozen=True, slots=True)
class SameEverywhere:
    """A figure that must not grow: the same at every size as at the smallest."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """Figures measured together. `measure` answers them; `missed_by` what a figure's bar is, see `judged`."""

    about: str
    measure: Callable[[Say], Sequence[Figure]]
    bars: Sequence[Bar | Floor | SameEverywhere]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure under its bar; both None: it is for the reader. `at_pace`: what the reference would have taken."""

    figure: Figure
    bar: str | None
    is_met: bool | None
    at_pace: float | None = None


def judged(
    figures: Sequence[Figure], bars: Sequence[Bar | Floor | SameEverywhere], slowness: float = 1.0
) -> list[Verdict]:
    """Every figure with the bar that applies to it; a bar that no figure came to is missed.

    Args:
        slowness: of this machine, as pace.py has it.

    Raises:
        LookupError: for such a bar.
    """
    for bar in bars:
        if not any(figure.name == bar.name for figure in figures):
            raise LookupError(f"no figure {bar.name} was measured")
    return [_judged(figure, figures, bars, slowness) for figure in figures]


def _judged(
    figure: Figure, figures: Sequence[Figure], bars: Sequence[Bar | Floor | SameEverywhere], slowness: float
) -> Verdict:
    for bar in bars:
        match bar:
            case Bar(is_paced=True) if bar.judges(figure):
                at_pace = round(figure.value / slowness, 2)
                return Verdict(figure, f"≤ {bar.at_most:g}", at_pace <= bar.at_most, at_pace)
            case Bar() if bar.judges(figure):
                return Verdict(figure, f"≤ {bar.at_most:g}", figure.value <= bar.at_most)
            case Floor() if bar.name == figure.name:
                return Verdict(figure, f"≥ {bar.at_least:g}", figure.value >= bar.at_least)
            case SameEverywhere() if bar.name == figure.name:
                smallest = min((one for one in figures if one.name == bar.name), key=lambda one: one.n)
                return Verdict(figure, f"≤ {smallest.value:g}", figure.value <= smallest.value)
            case _:
                continue
    return Verdict(figure, None, None)


def write_lines(path: Path, figures: Sequence[Figure]) -> None:
    """One JSON object a line, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(as_json(figure))}\n" for figure in figures))


def as_json(figure: Figure) -> dict[str, object]:
    return {"name": figure.name, "value": figure.value, "unit": figure.unit, "n": figure.n}


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield f"{'figure':26} {'n':>6} {'value':>10} {'unit':9} {'at pace':>8} {'bar':>9}"
    for verdict in verdicts:
        figure = verdict.figure
        met = {None: "", True: "met", False: "MISSED"}[verdict.is_met]
        bar = verdict.bar or ""
        paced = "" if verdict.at_pace is None else f"{verdict.at_pace:g}"
        line = f"{figure.name:26} {figure.n:>6} {figure.value:>10g} {figure.unit:9} {paced:>8} {bar:>9} {met}"
        yield line.rstrip()
