"""What a run of the benchmarks writes, shows and ends with."""

import json
from pathlib import Path

import pytest

from scripts.bench import __main__ as bench
from scripts.bench.figures import Bar, Figure, Group, Say


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
