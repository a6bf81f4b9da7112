"""The benchmarks run and say what they should; how fast anything is, no test asks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack.dynamodb_local import dynamodb_local
from scripts.bench import __main__ as bench
from scripts.bench import control_plane
from scripts.bench.figures import Bar, Figure, Group, SameEverywhere, Say, judged

SIZES = (4, 30)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[str]:
    with dynamodb_local() as url:
        yield url


@pytest.mark.root
@pytest.mark.node
def test_the_control_plane_is_measured_at_every_size(dynamodb: str) -> None:
    said: list[str] = []

    figures = control_plane.measured_on(dynamodb, said.append, SIZES, rounds=1)

    assert said
    assert all(figure.value > 0 for figure in figures)
    assert {bar.name for bar in control_plane.BARS} <= {figure.name for figure in figures}
    for name in ("create_peer_ms", "bundle_regular_ms", "bundle_jump_ms", "bundle_jump_read_ms", "delta_jump_ms"):
        assert [figure.n for figure in figures if figure.name == name] == list(SIZES)
    constant = {"create_peer_requests", "change_audience_requests"}
    assert {(one.name, one.value) for one in figures if one.name in constant} == {
        ("create_peer_requests", 3),  # network, allocations; one transaction
        ("change_audience_requests", 7),  # browsers twice, jumps, sockets of two; wanted, and who they are: see costs
    }


def test_a_figure_is_judged_by_its_bar_at_and_above_the_bars_size() -> None:
    figures = [Figure("a", 6, "ms", 10), Figure("a", 5, "ms", 100), Figure("a", 6, "ms", 1000), Figure("b", 9, "ms", 1)]

    verdicts = judged(figures, [Bar("a", 5, at=100)])

    assert [one.is_met for one in verdicts] == [None, True, False, None]


def test_a_time_of_processors_is_judged_as_the_reference_would_have_taken_it() -> None:
    figures = [Figure("a", 10, "ms", 1), Figure("b", 10, "ms", 1)]

    paced, plain = judged(figures, [Bar("a", 5, is_paced=True), Bar("b", 5)], slowness=2.0)
    faster, _ = judged(figures, [Bar("a", 10, is_paced=True), Bar("b", 10)], slowness=0.5)

    assert (paced.at_pace, paced.is_met) == (5, True)
    assert (plain.at_pace, plain.is_met) == (None, False)
    assert (faster.at_pace, faster.is_met) == (20, False)


def test_what_must_not_grow_is_judged_by_its_smallest_size() -> None:
    figures = [Figure("a", 3, "requests", 100), Figure("a", 2, "requests", 10)]

    assert [one.is_met for one in judged(figures, [SameEverywhere("a")])] == [False, True]


def test_a_bar_without_a_figure_is_an_error() -> None:
    with pytest.raises(LookupError, match="forgotten"):
        judged([], [Bar("forgotten", 1)])


@pytest.mark.parametrize(("value", "code"), [(5, 0), (6, 1)])
def test_a_run_writes_its_figures_and_ends_by_its_bars(
    value: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(say: Say) -> list[Figure]:
        say("working")
        return [Figure("a", value, "ms", 10)]

    monkeypatch.setattr(bench, "GROUPS", {"one": Group("one", measure, [Bar("a", 5)])})
    out = tmp_path / "bench.jsonl"

    assert bench.main(["one", "--json", "--out", str(out)]) == code

    shown, progress = capsys.readouterr()
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"name": "a", "value": value, "unit": "ms", "n": 10}
    ]
    assert json.loads(shown) == [
        {"name": "a", "value": value, "unit": "ms", "n": 10, "at_pace": None, "bar": "≤ 5", "met": code == 0}
    ]
    assert "working" in progress


def test_a_group_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["nothing"])

    assert "fanout" in capsys.readouterr().err
