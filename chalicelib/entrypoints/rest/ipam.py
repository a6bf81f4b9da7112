"""Address management: suggestions, and a network's capacity, allocations and reservations."""

import re
from http import HTTPStatus
from ipaddress import IPv4Network

from chalice.app import Blueprint
from msgspec.structs import replace

from chalicelib.application.networks.addresses import AllocationWithPeer
from chalicelib.bootstrap.container import container
from chalicelib.domain.cidr import parse_cidr
from chalicelib.domain.errors import Busy, Conflict, Invalid, NotFound
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal
from chalicelib.domain.network.addresses import (
    AddressRange,
    Capacity,
    Reservation,
    address_at,
    address_v6_at,
    parse_address_range,
)
from chalicelib.domain.network.network import Network
from chalicelib.domain.network.suggestion import BASES, SHORTEST
from chalicelib.domain.text import parse_note
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.paths import NETWORK, network_id
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.parsing import Check, parse_cursor
from chalicelib.wire import addresses as wire
from chalicelib.wire.page import Page, PageQuery

ipam = Blueprint(__name__)

INDEX = re.compile(r"[0-9]{1,10}\Z")


@route(ipam, "GET", "/ipam/suggestions", People(READERS, all_networks=True), query=wire.SuggestionQuery)
def suggestions(call: Call[Principal, None]) -> wire.Suggestions:
    """Free ranges for a new network. Nothing is written."""
    asked: wire.SuggestionQuery = call.query
    bases = BASES if asked.base is None else (_base(asked.base),)
    found = container().ipam.suggestions(bases, asked.peers, asked.count, by=call.by)
    return wire.Suggestions(items=[str(cidr) for cidr in found])


@route(ipam, "GET", f"{NETWORK}/capacity", People(READERS), refuses=(NotFound,))
def capacity(call: Call[Principal, None]) -> wire.Capacity:
    """How many addresses are held, reserved, quarantined and free."""
    network, counted = container().ipam.capacity(network_id(call), by=call.by)
    counts = _counts(counted)
    return wire.Capacity(
        cidr=str(network.cidr),
        cidr_v6=None if network.cidr_v6 is None else str(network.cidr_v6),
        ipv4=counts,
        ipv6=None if network.cidr_v6 is None else counts,
        reservations=[_reservation(network, reservation) for reservation in network.reserved],
    )


@route(ipam, "GET", f"{NETWORK}/allocations", People(READERS), query=PageQuery, refuses=(NotFound,))
def allocations(call: Call[Principal, None]) -> Page[wire.Allocation]:
    """Who has which address, in the order of addresses, with those in quarantine."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, INDEX)
    after = None if cursor is None else int(cursor)
    network, found, last = container().ipam.page(network_id(call), after, asked.limit, by=call.by)
    items = [_allocation(network, held) for held in found]
    return Page(items=items, next_cursor=None if last is None else str(last))


def _reserved_before(call: Call[Principal, wire.Reserve]) -> wire.Reservation:
    container().networks.get(network_id(call), by=call.by)
    return replace(_reserved(*_asked(call.body)), replayed=True)


@route(
    ipam,
    "POST",
    f"{NETWORK}/reservations",
    People(WRITERS),
    body=wire.Reserve,
    status=HTTPStatus.CREATED,
    replay=Replay(_reserved_before, is_settled_by_use_case=True),
    refuses=(NotFound, Conflict, Busy),
)
def reserve(call: Call[Principal, wire.Reserve]) -> wire.Reservation:
    """Keep a range from being handed out to peers."""
    asked, note = _asked(call.body)
    container().ipam.reserve(network_id(call), asked, note, by=call.by, request=call.request)
    return _reserved(asked, note)


@route(
    ipam,
    "DELETE",
    f"{NETWORK}/reservations",
    People(WRITERS),
    query=wire.ReleaseQuery,
    refuses=(NotFound, Busy),
)
def release(call: Call[Principal, None]) -> None:
    """Let a reserved range be handed out again."""
    asked: wire.ReleaseQuery = call.query
    container().ipam.release(network_id(call), parse_address_range(asked.first, asked.last), by=call.by)


def _base(text: str) -> IPv4Network:
    base = parse_cidr("base", text)
    if not isinstance(base, IPv4Network):
        raise Invalid([("base", "Suggestions are for IPv4: give an IPv4 CIDR.")])
    if base.prefixlen < SHORTEST:
        raise Invalid([("base", f"{base} is too large: give a /{SHORTEST} or a part of one.")])
    return base


def _asked(body: wire.Reserve) -> tuple[AddressRange, str | None]:
    """The range, and its note."""
    check = Check()
    asked = check(parse_address_range, body.first, body.last)
    note = check(parse_note, "note", body.note)
    check.done()
    return asked, note


def _reserved(asked: AddressRange, note: str | None) -> wire.Reservation:
    return wire.Reservation(first=str(asked.first), last=str(asked.last), note=note)


def _reservation(network: Network, reservation: Reservation) -> wire.Reservation:
    first, last = reservation.span.first, reservation.span.last
    return _reserved(AddressRange(address_at(network.cidr, first), address_at(network.cidr, last)), reservation.note)


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
