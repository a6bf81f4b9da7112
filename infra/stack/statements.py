"""Statements of the local cloud that are read once, not once to be judged and once to be run.

MiniStack 1.5.33 reads each statement of a batch twice, the second time from the same objects. What is read
is not changed by what runs it, so the last one is kept.

Exit: `test_statements.py` says when the pinned emulator no longer needs this.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb

Parsed = dict[str, Any]
Parse = Callable[[str, Any], Parsed]


def install() -> None:
    """Have MiniStack read a statement that comes again at once no second time."""
    dynamodb._parse_partiql = _KeepLast(dynamodb._parse_partiql)


class _KeepLast:
    """Takes the place of `_parse_partiql`. The same parameters are the same object, which is held so that no other
    takes its place; a statement that is refused is not kept."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._last: tuple[str, Any, Parsed] | None = None

    def __call__(self, text: str, parameters: Any) -> Parsed:
        last = self._last
        if last is not None and parameters and text == last[0] and parameters is last[1]:
            return last[2]
        parsed = self._parse(text, parameters)
        self._last = text, parameters, parsed
        return parsed
