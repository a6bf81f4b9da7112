"""From texts to typed values: ids, cursors, numbers, and all that is wrong with a body at once."""

import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from msgspec import UnsetType

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import PEER_ID, NetworkId, PeerId
from chalicelib.domain.unset import UNSET, Unset

P = ParamSpec("P")
Value = TypeVar("Value")
Sent = TypeVar("Sent")

NETWORK_ID = re.compile(r"net_[0-9a-z]{1,64}\Z")
REVISION = re.compile(r"[0-9]{1,12}\Z")
MTU_RANGE = (576, 9000)  # RFC 791 section 3.1; jumbo frames. With IPv6 see domain/peer
KEEPALIVE_RANGE = (0, 65535)  # wg(8)
PORT_RANGE = (1, 65535)


class Check:
    """Parses field after field and remembers what is wrong; `done` refuses all of it together."""

    def __init__(self) -> None:
        self._errors: list[tuple[str, str]] = []

    def __call__(self, parse: Callable[P, Value], *args: P.args, **kwargs: P.kwargs) -> Value:
        """The parsed value; of one that is wrong, nothing that anybody will see."""
        try:
            return parse(*args, **kwargs)
        except Invalid as invalid:
            self._errors += invalid.errors
            return cast(Value, None)

    def done(self) -> None:
        """Raises Invalid."""
        if self._errors:
            raise Invalid(self._errors)


def sent(value: Sent | UnsetType, parse: Callable[[Sent], Value]) -> Value | Unset:
    """What a field of a patch says, parsed; one that was not sent is left alone."""
    return UNSET if isinstance(value, UnsetType) else parse(value)


def parse_peer_id(field: str, text: str) -> PeerId:
    if not PEER_ID.match(text):
        raise Invalid([(field, f"{text!r} is no peer's id.")])
    return PeerId(text)


def parse_network_ids(field: str, texts: list[str]) -> frozenset[NetworkId]:
    """Accept ids of networks; whether they exist is asked later."""
    wrong = [(field, f"{text!r} is no network's id.") for text in texts if not NETWORK_ID.match(text)]
    if wrong:
        raise Invalid(wrong)
    return frozenset(map(NetworkId, texts))


def parse_cursor(text: str | None, pattern: re.Pattern[str]) -> str | None:
    """Accept what a page before answered as `next_cursor`; empty, as clients send what they do not have: none."""
    if not text:
        return None
    if not pattern.match(text):
        raise Invalid([("cursor", "This is no cursor of this list. Use the next_cursor of the page before.")])
    return text


def within(field: str, number: int | None, bounds: tuple[int, int]) -> int | None:
    if number is not None and not bounds[0] <= number <= bounds[1]:
        raise Invalid([(field, f"{number} does not fit: {bounds[0]} to {bounds[1]}.")])
    return number


def parse_list(parse: Callable[[str, str], Value], field: str, texts: list[str], at_most: int) -> tuple[Value, ...]:
    """Parse each of a list, in its order."""
    if len(texts) > at_most:
        raise Invalid([(field, f"At most {at_most}, and these are {len(texts)}.")])
    return tuple(parse(f"{field}[{n}]", text) for n, text in enumerate(texts))
