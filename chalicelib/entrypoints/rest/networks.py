"""`/networks`."""

from http import HTTPStatus

from chalice.app import Blueprint

from chalicelib.application.networks import NewNetwork
from chalicelib.bootstrap import container
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.ipam import parse_network_cidr, parse_network_cidr_v6
from chalicelib.domain.network import Network
from chalicelib.domain.principal import READERS, WRITERS, Principal
from chalicelib.domain.text import parse_address, parse_domain, parse_label
from chalicelib.entrypoints.rest.route import Call, People, route
from chalicelib.wire import networks as wire
from chalicelib.wire.page import Page, PageQuery

networks = Blueprint(__name__)


@route(networks, "POST", "/networks", People(WRITERS), body=wire.CreateNetwork, status=HTTPStatus.CREATED)
def create(call: Call[Principal, wire.CreateNetwork]) -> wire.Network:
    return _shown(container().networks.create(_parsed(call.body), by=call.by))


@route(networks, "GET", "/networks", People(READERS), query=PageQuery)
def page(call: Call[Principal, None]) -> Page[wire.Network]:
    asked: PageQuery = call.query
    found, next_cursor = container().networks.page(asked.cursor, asked.limit, by=call.by)
    return Page(items=[_shown(network) for network in found], next_cursor=next_cursor)


@route(networks, "GET", "/networks/{network_id}", People(READERS))
def get(call: Call[Principal, None]) -> wire.Network:
    return _shown(container().networks.get(NetworkId(call.path["network_id"]), by=call.by))


@route(networks, "DELETE", "/networks/{network_id}", People(WRITERS))
def delete(call: Call[Principal, None]) -> None:
    container().networks.delete(NetworkId(call.path["network_id"]), by=call.by)


def _parsed(body: wire.CreateNetwork) -> NewNetwork:
    name = parse_label("name", body.name)
    cidr = parse_network_cidr(body.cidr, body.allow_public)
    return NewNetwork(
        name=name,
        cidr=cidr,
        cidr_v6=None if body.cidr_v6 is None else parse_network_cidr_v6(body.cidr_v6, cidr),
        domain=f"{name}.internal" if body.domain is None else parse_domain("domain", body.domain),
        dns=tuple(parse_address(f"dns[{n}]", address) for n, address in enumerate(body.dns)),
    )


def _shown(network: Network) -> wire.Network:
    return wire.Network(
        id=network.id,
        name=network.name,
        cidr=str(network.cidr),
        cidr_v6=None if network.cidr_v6 is None else str(network.cidr_v6),
        domain=network.domain,
        dns=list(network.dns),
        revision=network.revision,
        created_at=network.created_at,
        updated_at=network.updated_at,
    )
