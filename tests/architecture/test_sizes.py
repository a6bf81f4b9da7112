"""A module is read in one sitting: one that grows beyond `MOST_LINES` is split by what is in it."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("agent", "chalicelib", "frontend/src", "frontend/e2e", "infra", "scripts", "tests")
ENDINGS = {".py", ".ts", ".tsx"}
MOST_LINES = 300

LONGER = {
    # generated: nobody edits it, and nobody reads it from its beginning to its end
    "frontend/src/api/schema.ts",
    # what holds for all routes alike, with one table of bodies and callers that every part of it would need
    "tests/entrypoints/test_rest.py",
}


def modules() -> Iterator[Path]:
    for source in SOURCES:
        yield from (path for path in sorted((ROOT / source).rglob("*")) if path.suffix in ENDINGS)


def test_no_module_is_longer_than_one_sitting_but_those_that_say_why() -> None:
    longer = {str(path.relative_to(ROOT)) for path in modules() if len(path.read_text().splitlines()) > MOST_LINES}

    assert longer - LONGER == set(), f"more than {MOST_LINES} lines: split them, or say in LONGER why not"
    assert LONGER - longer == set(), "no longer than others: take them out of LONGER"
