"""Every path that a text of the project names is there, and a test stands where its module does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = ("README.md", "CONTRIBUTING.md", "infra/README.md", "agent/README.md", "frontend/README.md")
TOP = ("app.py", "chalicelib", "agent", "frontend", "infra", "tests", "scripts", "docs", ".chalice")
PATH = re.compile(rf"`({'|'.join(map(re.escape, TOP))})((?:/[\w.*-]+)*)/?`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def texts() -> Iterator[Path]:
    yield from (ROOT / name for name in TEXTS)
    yield from sorted((ROOT / "docs").glob("**/*.md"))


@pytest.mark.parametrize("text", list(texts()), ids=lambda text: str(text.relative_to(ROOT)))
def test_what_is_named_is_there(text: Path) -> None:
    said = text.read_text()
    named = [first + rest for first, rest in PATH.findall(said)]
    linked = [str((text.parent / link).resolve().relative_to(ROOT)) for link in LINK.findall(said)]

    assert [path for path in (*named, *linked) if not list(ROOT.glob(path))] == []


@pytest.mark.parametrize("package", ["chalicelib", "agent"])
def test_a_test_stands_where_its_module_does(package: str) -> None:
    """`tests/domain/peer/test_home.py` is of `chalicelib/domain/peer/home.py`; the agent's are under `tests/agent`."""
    here = ROOT / "tests" / ("agent" if package == "agent" else "")
    floors = [path for path in (ROOT / package).iterdir() if path.is_dir() and (here / path.name).is_dir()]

    lost = [
        str(test.relative_to(ROOT))
        for floor in floors
        for test in (here / floor.name).rglob("test_*.py")
        if not (ROOT / package / test.parent.relative_to(here)).is_dir()
    ]

    assert lost == []
