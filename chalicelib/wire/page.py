"""One page of a list, in a stable order."""

from typing import Annotated, Generic, TypeVar

from msgspec import Meta

from chalicelib.wire.codec import Answer, Request

Item = TypeVar("Item")


class PageQuery(Request, frozen=True):
    """`cursor`: the `next_cursor` of the page before."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class Page(Answer, Generic[Item], frozen=True):
    """`next_cursor` is opaque; null on the last page."""

    items: list[Item]
    next_cursor: str | None = None
