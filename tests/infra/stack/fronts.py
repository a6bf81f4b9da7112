"""The CDN's template, as it is or with a change."""

from collections.abc import Callable
from typing import Any

Change = Callable[[Any], None]


def as_it_is(_template: Any) -> None: ...


def ws(url: str) -> str:
    return "ws" + url.removeprefix("http")
