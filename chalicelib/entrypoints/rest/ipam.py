"""Address management: suggestions, and a network's capacity, allocations and reservations."""

import re
from http import HTTPStatus
from ipaddress import IPv4Network

from chalice.app import Blueprint
from msgspec.structs import replace

from chalicelib.application.networks.addresses import AllocationWithPeer
from chalicelib.bootstrap.container import container
from chalicelib.domain.cidr import parse_cidr
from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal
from chalicelib.domain.network.addresses import Capacity, Reservation, Span, address_at, address_v6_at, index_of
from chalicelib.domain.network.network import Network
from chalicelib.domain.network.suggestion import BASES, SHORTEST
from chalicelib.domain.text import parse_note
from chalicelib.entrypoints.rest.operation import Call, People, Replay
from chalicelib.entrypoints.rest.paths import network_id
from chalicelib.entrypoints.rest.route import route
from chalicelib.entrypoints.shapes.parsing import Check, parse_cursor
from chalicelib.wire import addresses as wire
from chalicelib.wire.page import Page, PageQuery

ipam = Blueprint(__name__)

NETWORK = "/networks/{network_id}"
INDEX = re.compile(r"[0-9]{1,10}\Z")


@route(ipam, "GET", "/ipam/suggestions", People(READERS), query=wire.SuggestionQuery)
def suggestions(call: Call[Principal, None]) -> wire.Suggestions:
    """Free ranges for a new network. Nothing is written."""
    asked: wire.SuggestionQuery = call.query
    bases = BASES if asked.base is None else (_base(asked.base),)
    found = container().ipam.suggestions(bases, asked.peers, asked.count, by=call.by)
    return wire.Suggestions(items=[str(cidr) for cidr in found])


@route(ipam, "GET", f"{NETWORK}/capacity", People(READERS))
def capacity(call: Call[Principal, None]) -> wire.Capacity:
    """How many addresses are held, reserved, quarantined and free."""
    network, counted = container().ipam.capacity(network_id(call), by=call.by)
    counts = _counts(counted)
    return wire.Capacity(
        cidr=str(network.cidr),
        cidr_v6=None if network.cidr_v6 is None else str(network.cidr_v6),
        ipv4=counts,
        ipv6=None if network.cidr_v6 is None else counts,
        reservations=[_reservation(network, known) for known in network.reserved],
    )


@route(ipam, "GET", f"{NETWORK}/allocations", People(READERS), query=PageQuery)
def allocations(call: Call[Principal, None]) -> Page[wire.Allocation]:
    """Who has which address, in the order of addresses, with those in quarantine."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, INDEX)
    after = None if cursor is None else int(cursor)
    network, found, last = container().ipam.page(network_id(call), after, asked.limit, by=call.by)
    items = [_allocation(network, held) for held in found]
    return Page(items=items, next_cursor=None if last is None else str(last))


def _again(call: Call[Principal, wire.Reserve], _made: tuple[str, ...]) -> wire.Reservation:
    network = container().networks.get(network_id(call), by=call.by)
    return replace(_reservation(network, _asked(network, call.body)), replayed=True)


@route(
    ipam,
    "POST",
    f"{NETWORK}/reservations",
    People(WRITERS),
    body=wire.Reserve,
    status=HTTPStatus.CREATED,
    replay=Replay(_again),
)
def reserve(call: Call[Principal, wire.Reserve]) -> wire.Reservation:
    """Keep a range from being handed out to peers."""
    known = network_id(call)
    new = _asked(container().networks.get(known, by=call.by), call.body)
    return _reservation(container().ipam.reserve(known, new, by=call.by, request=call.request), new)


@route(ipam, "DELETE", f"{NETWORK}/reservations", People(WRITERS), query=wire.ReleaseQuery)
def release(call: Call[Principal, None]) -> None:
    """Let a reserved range be handed out again."""
    known, asked = network_id(call), call.query
    network = container().networks.get(known, by=call.by)
    container().ipam.release(known, _span(network, asked.first, asked.last), by=call.by)


def _base(text: str) -> IPv4Network:
    base = parse_cidr("base", text)
    if not isinstance(base, IPv4Network):
        raise Invalid([("base", "Suggestions are for IPv4: give an IPv4 CIDR.")])
    if base.prefixlen < SHORTEST:
        raise Invalid([("base", f"{base} is too large: give a /{SHORTEST} or a part of one.")])
    return base


def _asked(network: Network, body: wire.Reserve) -> Reservation:
    check = Check()
    span = check(_span, network, body.first, body.last)
    note = check(parse_note, "note", body.note)
    check.done()
    return Reservation(span, note)


def _span(network: Network, first: str, last: str | None) -> Span:
    low = index_of(network.cidr, first, "first")
    high = low if last is None else index_of(network.cidr, last, "last")
    if high < low:
        raise Invalid([("last", f"{last} comes before {first}.")])
    return Span(low, high)


def _reservation(network: Network, reservation: Reservation) -> wire.Reservation:
    span = reservation.span
    return wire.Reservation(
        first=str(address_at(network.cidr, span.first)),
        last=str(address_at(network.cidr, span.last)),
        note=reservation.note,
    )


def _allocation(network: Network, held: AllocationWithPeer) -> wire.Allocation:
    index = held.holding.allocation.index
    return wire.Allocation(
        address=str(address_at(network.cidr, index)),
        address_v6=None if network.cidr_v6 is None else str(address_v6_at(network.cidr_v6, index)),
        state="held" if held.holding.peer_id is not None else "quarantined",
        peer_id=held.holding.peer_id,
        peer_name=None if held.peer is None else held.peer.name,
        freed_at=held.holding.allocation.freed_at,
        available_at=held.available_at,
    )


def _counts(counted: Capacity) -> wire.Counts:
    return wire.Counts(
        usable=counted.usable,
        allocated=counted.allocated,
        reserved=counted.reserved,
        quarantined=counted.quarantined,
        available=counted.available,
    )
