"""One page of a list, in a stable order."""

from typing import Generic, TypeVar

from chalicelib.wire.codec import Answer

Item = TypeVar("Item")


class Page(Answer, Generic[Item], frozen=True):
    """`next_cursor` is opaque; null on the last page."""

    items: list[Item]
    next_cursor: str | None = None
