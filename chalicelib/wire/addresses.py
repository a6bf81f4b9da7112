"""Address management: `/ipam/suggestions`, and `capacity`, `allocations`, `reservations` of a network."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.wire.codec import Answer, Request


class SuggestionQuery(Request, frozen=True):
    """`base`: an IPv4 CIDR to look in, default all of RFC 1918. `peers`: how many have to fit."""

    peers: Annotated[int, Meta(ge=1, le=16777214)] = 254
    count: Annotated[int, Meta(ge=1, le=100)] = 5
    base: str | None = None


class Suggestions(Answer, frozen=True):
    items: list[str]


class Counts(Answer, frozen=True):
    """Addresses: `usable` is the sum of the others."""

    usable: int
    allocated: int
    reserved: int
    quarantined: int
    available: int


class Capacity(Answer, frozen=True):
    """Every peer has one address of each version at the same place, so `ipv6` (null without a
    prefix) counts the same places."""

    cidr: str
    cidr_v6: str | None
    ipv4: Counts
    ipv6: Counts | None
    reservations: list["Reservation"]


class Allocation(Answer, frozen=True):
    """`held` by a peer, or `quarantined` since `freed_at` until `available_at`."""

    address: str
    address_v6: str | None
    state: Literal["held", "quarantined"]
    peer_id: str | None
    peer_name: str | None
    freed_at: datetime | None
    available_at: datetime | None


class Reserve(Request, frozen=True):
    """IPv4 addresses of the network, both included; `last` default `first`. `note`: why."""

    first: str
    last: str | None = None
    note: str | None = None


class ReleaseQuery(Request, frozen=True):
    """Exactly a reservation's range; `last` default `first`."""

    first: str
    last: str | None = None


class Reservation(Answer, frozen=True):
    first: str
    last: str
    note: str | None
    replayed: bool = False
