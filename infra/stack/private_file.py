"""JSON in a file only its owner may read, whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write(path: Path, content: Mapping[str, str]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read(path: Path) -> dict[str, str]:
    """What was written; empty when there is nothing whole."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
