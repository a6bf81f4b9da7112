"""Write what the code declares: the API's contract to docs/openapi.json, from which the console's types are made, and
the table of who may do what into docs/security.md.

`--check` writes nothing and ends with 1 when a committed file is not what the code says.
"""

import argparse
import re
import sys
from pathlib import Path

import app  # noqa: F401  its blueprints declare the operations
from chalicelib.entrypoints.rest.routing.openapi import document
from chalicelib.entrypoints.rules import table

DOCS = Path(__file__).resolve().parent.parent / "docs"
CONTRACT = DOCS / "openapi.json"
SECURITY = DOCS / "security.md"
TABLE = re.compile(
    r"(?<=<!-- the table: from the code, by `make schema` -->\n).*?(?=<!-- end of the table -->\n)", re.DOTALL
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    is_check = parser.parse_args().check
    others = {path: content for path, content in declared().items() if path.read_bytes() != content}
    for path, content in others.items():
        if is_check:
            print(f"{path.name} is not what the code says. Run: make schema", file=sys.stderr)
        else:
            path.write_bytes(content)
    return 1 if is_check and others else 0


def declared() -> dict[Path, bytes]:
    """The files as they have to be."""
    security = TABLE.sub(lambda _: f"\n{table()}\n", SECURITY.read_text())
    return {CONTRACT: document(), SECURITY: security.encode()}


def committed_table() -> str:
    """The table of who may do what, as people read it. Raises ValueError: docs/security.md has no place for it."""
    found = TABLE.search(SECURITY.read_text())
    if found is None:
        raise ValueError(f"{SECURITY.name} has no place for the table of who may do what")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
