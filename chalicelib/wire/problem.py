"""Errors as `application/problem+json` (RFC 9457)."""

from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.codec import Answer

CONTENT_TYPE = "application/problem+json"


class FieldError(Answer, frozen=True):
    """What is wrong with one field; `field` is its path in the body, such as `cidr`."""

    field: str
    message: str


class Problem(Answer, frozen=True, omit_defaults=True):
    """`code` is stable for programs, `detail` says to a person what to do next."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    errors: list[FieldError] = []
    tombstone: Tombstone | None = None
