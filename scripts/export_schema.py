"""Write the API's contract to docs/openapi.json, from which the console's types are made.

`--check` writes nothing and ends with 1 when the committed file is not what the code says.
"""

import argparse
import sys
from pathlib import Path

import app  # noqa: F401  its blueprints declare the operations
from chalicelib.entrypoints.rest.openapi import document

CONTRACT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    if not parser.parse_args().check:
        CONTRACT.write_bytes(document())
        return 0
    if CONTRACT.read_bytes() == document():
        return 0
    print(f"{CONTRACT.name} is not what the code says. Run: make schema", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
