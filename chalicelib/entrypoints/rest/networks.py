"""`/networks`: networks, their change log and rules."""

from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint
from msgspec.structs import replace

from chalicelib.application.networks.networks import NewNetwork
from chalicelib.bootstrap.container import container
from chalicelib.domain.change.change import Affected, Change
from chalicelib.domain.change.difference import texts_of
from chalicelib.domain.change.rollout import Rollout
from chalicelib.domain.errors import Busy, Conflict, NotFound
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.domain.network.acl import Acl, AclRule, Protocol, parse_ports, parse_selector
from chalicelib.domain.network.addresses import parse_network_cidr, parse_network_cidr_v6
from chalicelib.domain.network.network import Network
from chalicelib.domain.network.patch import NetworkPatch
from chalicelib.domain.text import parse_domain, parse_label, parse_resolver
from chalicelib.entrypoints.rest.routing.body import require_said
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.paths import NETWORK, network_id, revision
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.parsing import NETWORK_ID, REVISION, Check, parse_cursor, parse_list, sent
from chalicelib.wire import networks as wire
from chalicelib.wire.page import Page, PageQuery

networks = Blueprint(__name__)

MOST_RESOLVERS = 8
ACL_BYTES = 128 * 1024  # of an item of its own


def _settings(network: wire.Network) -> int:
    return network.settings_revision


def _version(acl: wire.Acl) -> int:
    return acl.version


def _created_before(call: Call[Principal, wire.CreateNetwork]) -> wire.Network:
    [network] = call.done_before.made
    return replace(_shown(container().networks.get(NetworkId(network), by=call.by)), replayed=True)


@route(
    networks,
    "POST",
    "/networks",
    People(WRITERS, all_networks=True),
    body=wire.CreateNetwork,
    status=HTTPStatus.CREATED,
    tag=_settings,
    replay=Replay(_created_before, is_settled_by_use_case=True),
    refuses=(Conflict, Busy),
)
def create(call: Call[Principal, wire.CreateNetwork]) -> wire.Network:
    """Create a network. Its range overlaps no other of the deployment."""
    return _shown(container().networks.create(_parsed(call.body), by=call.by, request=call.request))


@route(networks, "GET", "/networks", People(READERS), query=PageQuery)
def page(call: Call[Principal, None]) -> Page[wire.Network]:
    """The networks the caller may see, in the order of their creation."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, NETWORK_ID)
    found, next_cursor = container().networks.page(cursor, asked.limit, by=call.by)
    return Page(items=[_shown(network) for network in found], next_cursor=next_cursor)


@route(networks, "GET", NETWORK, People(READERS), tag=_settings, refuses=(NotFound,))
def get(call: Call[Principal, Any]) -> wire.Network:
    return _shown(container().networks.get(network_id(call), by=call.by))


@route(
    networks,
    "PATCH",
    NETWORK,
    People(WRITERS),
    body=wire.PatchNetwork,
    shown=wire.Network,
    tag=_settings,
    conditional=True,
    refuses=(NotFound, Conflict, Busy),
)
def update(call: Call[Principal, wire.PatchNetwork]) -> wire.Network:
    """Change what is sent. Another range moves every peer at once; they keep their place in it."""
    known, check = network_id(call), Check()
    patch = check(_patch, call.body)
    if call.said:
        check(require_said, call.said, _shown(container().networks.get(known, by=call.by)))
    check.done()
    public = call.body.allow_public
    return _shown(container().networks.update(known, patch, by=call.by, if_match=call.if_match, is_public=public))


@route(
    networks,
    "DELETE",
    NETWORK,
    People(WRITERS),
    query=wire.DeleteQuery,
    conditional=True,
    refuses=(NotFound, Conflict, Busy),
)
def delete(call: Call[Principal, None]) -> None:
    """Delete a network. With peers it takes `force`: it is gone at once, and a job removes the rest."""
    asked: wire.DeleteQuery = call.query
    container().networks.delete(network_id(call), by=call.by, if_match=call.if_match, is_forced=asked.force)


@route(
    networks,
    "POST",
    f"{NETWORK}/rotate-psk",
    People(WRITERS),
    tag=_settings,
    replay=Replay(get),
    refuses=(NotFound, Conflict, Busy),
)
def rotate_psk(call: Call[Principal, None]) -> wire.Network:
    """Renew the preshared keys between agents, without dropping a flow. Files of static peers keep theirs."""
    return _shown(container().networks.renew_psk(network_id(call), by=call.by))


@route(networks, "GET", f"{NETWORK}/changes", People(READERS), query=PageQuery, refuses=(NotFound,))
def changes(call: Call[Principal, None]) -> Page[wire.Change]:
    """Who changed what, the newest first."""
    asked: PageQuery = call.query
    cursor = parse_cursor(asked.cursor, REVISION)
    before = None if cursor is None else Revision(int(cursor))
    found, after = container().history.page(network_id(call), before, asked.limit, by=call.by)
    return Page(
        items=[_change(change, rollout) for change, rollout in found], next_cursor=None if after is None else str(after)
    )


@route(networks, "GET", f"{NETWORK}/changes/{{revision}}/missing", People(READERS), refuses=(NotFound,))
def missing(call: Call[Principal, None]) -> wire.Missing:
    """Who has not applied a change: the first of the agents it concerns that have not."""
    return wire.Missing(peer_ids=list(container().history.missing(network_id(call), revision(call), by=call.by)))


@route(networks, "GET", f"{NETWORK}/acl", People(READERS), tag=_version, refuses=(NotFound,))
def get_acl(call: Call[Principal, None]) -> wire.Acl:
    """The rules, in order: the first that matches decides, and what none matches is allowed."""
    return _acl(container().acls.get(network_id(call), by=call.by))


@route(
    networks,
    "PUT",
    f"{NETWORK}/acl",
    People(WRITERS),
    body=wire.PutAcl,
    shown=wire.Acl,
    tag=_version,
    conditional=True,
    refuses=(NotFound, Conflict, Busy),
    most_bytes=ACL_BYTES,
)
def put_acl(call: Call[Principal, wire.PutAcl]) -> wire.Acl:
    """Put other rules in force on every jump."""
    check = Check()
    rules = tuple(check(_rule, f"rules[{n}]", rule) for n, rule in enumerate(call.body.rules))
    if call.said:
        check(require_said, call.said, _acl(container().acls.get(network_id(call), by=call.by)))
    check.done()
    return _acl(container().acls.replace(network_id(call), rules, by=call.by, if_match=call.if_match))


def _parsed(body: wire.CreateNetwork) -> NewNetwork:
    check = Check()
    new = NewNetwork(
        name=check(parse_label, "name", body.name),
        cidr=check(parse_network_cidr, body.cidr, body.allow_public),
        cidr_v6=None if body.cidr_v6 is None else check(parse_network_cidr_v6, body.cidr_v6),
        domain=None if body.domain is None else check(parse_domain, "domain", body.domain),
        dns=check(parse_list, parse_resolver, "dns", body.dns, MOST_RESOLVERS),
    )
    check.done()
    return new


def _patch(body: wire.PatchNetwork) -> NetworkPatch:
    """The fields that were sent, parsed. The range may be public: the one it has may be."""
    check = Check()
    patch = NetworkPatch(
        name=sent(body.name, lambda name: check(parse_label, "name", name)),
        cidr=sent(body.cidr, lambda cidr: check(parse_network_cidr, cidr, allow_public=True)),
        cidr_v6=sent(body.cidr_v6, lambda cidr: None if cidr is None else check(parse_network_cidr_v6, cidr)),
        domain=sent(body.domain, lambda text: None if text is None else check(parse_domain, "domain", text)),
        dns=sent(body.dns, lambda texts: check(parse_list, parse_resolver, "dns", texts or [], MOST_RESOLVERS)),
    )
    check.done()
    return patch


def _rule(field: str, rule: wire.AclRule) -> AclRule:
    protocol = None if rule.protocol is None else Protocol(rule.protocol)
    check = Check()
    parsed = AclRule(
        source=check(parse_selector, f"{field}.source", rule.source),
        destination=check(parse_selector, f"{field}.destination", rule.destination),
        allows=rule.action == "allow",
        protocol=protocol,
        ports=check(parse_ports, f"{field}.ports", rule.ports, protocol),
    )
    check.done()
    return parsed


def _acl(acl: Acl) -> wire.Acl:
    return wire.Acl(
        version=acl.version,
        rules=[
            wire.AclRule(
                source=str(rule.source),
                destination=str(rule.destination),
                action="allow" if rule.allows else "deny",
                protocol=None if rule.protocol is None else rule.protocol.value,
                ports=[str(ports) for ports in rule.ports],
            )
            for rule in acl.rules
        ],
    )


def _change(change: Change, rollout: Rollout | None) -> wire.Change:
    return wire.Change(
        revision=change.revision,
        at=change.at,
        by=change.by,
        what=change.what.value,
        settings=[
            wire.ChangedSetting(name=name, before=before, after=after)
            for name, (before, after) in texts_of(change.network).items()
        ],
        peers=[_changed_peer(one) for one in change.peers],
        note=change.note,
        applied=None if rollout is None else _progress(rollout),
    )


def _progress(rollout: Rollout) -> wire.Progress:
    return wire.Progress(
        agents=rollout.agents,
        applied=rollout.applied,
        p50_ms=rollout.median_ms,
        max_ms=rollout.longest_ms,
    )


# of no news to people
NOT_SHOWN = frozenset({"id", "network_id", "revision", "settings_revision", "updated_at", "issued"})


def _changed_peer(one: Affected) -> wire.ChangedPeer:
    peer = one.peer
    fields = [
        name
        for name in type(peer).__slots__
        if name not in NOT_SHOWN and getattr(one.before, name, None) != getattr(one.after, name, None)
    ]
    return wire.ChangedPeer(id=peer.id, name=peer.name, fields=fields)


def _shown(network: Network) -> wire.Network:
    return wire.Network(
        id=network.id,
        name=network.name,
        cidr=str(network.cidr),
        cidr_v6=None if network.cidr_v6 is None else str(network.cidr_v6),
        domain=network.domain,
        dns=list(network.dns),
        revision=network.revision,
        settings_revision=network.version,
        created_at=network.created_at,
        updated_at=network.updated_at,
    )
