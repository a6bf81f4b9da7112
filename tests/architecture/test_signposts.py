"""Every path that a text of the project names is there."""

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
