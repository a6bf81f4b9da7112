"""Files that hold one JSON value."""

from pathlib import Path
from typing import TypeVar

import msgspec

from agent.adapters.files.whole_files import read
from agent.errors import StateUnusable
from chalicelib.wire.codec import decode

Shape = TypeVar("Shape")


def parsed(path: Path, shape: type[Shape]) -> Shape | None:
    """The file's value; None: there is no such file.

    Raises:
        StateUnusable: it cannot be read, or holds no such value.
    """
    content = read(path)
    if content is None:
        return None
    try:
        return decode(content, shape)
    except msgspec.DecodeError as damaged:
        raise StateUnusable(f"{path} is damaged: {damaged}") from damaged
