"""`/users` and `/settings`: who may do what in this deployment."""

import re
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint
from msgspec import UnsetType

from chalicelib.application.identity.users import UserPatch, UserView
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Busy, Conflict, Invalid, NotFound
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.errors import PoolUnreachable, UserNotFound
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.user import MIGHTIEST_FIRST, parse_email
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.unset import UNSET
from chalicelib.entrypoints.rest.routing.operation import Call, People, Replay
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.parsing import NETWORK_ID, Check, parse_cursor, parse_list, sent
from chalicelib.wire import people as wire
from chalicelib.wire.page import Page, PageQuery

users = Blueprint(__name__)

USER_ID = re.compile(r"(usr|inv)_[0-9a-z]{1,64}\Z")
USER = "/users/{user_id}"
WRITERS = People({Role.ADMINISTRATOR}, all_networks=True)
READERS = People({Role.ADMINISTRATOR, Role.AUDITOR}, all_networks=True)
MOST_NETWORKS = 200


def _revision(shown: wire.User | wire.Settings) -> int:
    return shown.revision


@route(users, "GET", "/users", READERS, query=PageQuery)
def page(call: Call[Principal, None]) -> Page[wire.User]:
    """People and invitations, by their ids."""
    asked: PageQuery = call.query
    found, after = container().users.page(parse_cursor(asked.cursor, USER_ID), asked.limit, by=call.by)
    return Page(items=[_shown(view) for view in found], next_cursor=after)


def _invited_before(call: Call[Principal, wire.InviteUser]) -> wire.User:
    [user_id] = call.done_before.made
    return _shown(container().users.get(PrincipalId(user_id), by=call.by))


@route(
    users,
    "POST",
    "/users",
    WRITERS,
    body=wire.InviteUser,
    status=HTTPStatus.CREATED,
    tag=_revision,
    replay=Replay(_invited_before, is_settled_by_use_case=True),
    refuses=(NotFound, Conflict, Busy, PoolUnreachable),
)
def invite(call: Call[Principal, wire.InviteUser]) -> wire.User:
    """Invite somebody by their e-mail address, which their identity provider has to verify."""
    body, check = call.body, Check()
    email = check(parse_email, "email", body.email)
    networks = check(_networks, body.networks)
    check.done()
    return _shown(container().users.invite(email, Role(body.role), networks, by=call.by, request=call.request))


@route(users, "GET", USER, READERS, tag=_revision, refuses=(NotFound,))
def get(call: Call[Principal, None]) -> wire.User:
    return _shown(container().users.get(_user_id(call), by=call.by))


@route(
    users,
    "PATCH",
    USER,
    WRITERS,
    body=wire.PatchUser,
    tag=_revision,
    conditional=True,
    refuses=(NotFound, Conflict, Busy),
)
def change(call: Call[Principal, wire.PatchUser]) -> wire.User:
    """Change a role, networks, or suspend. It takes hold at once, and ends the sockets that were opened before."""
    body, user_id = call.body, _user_id(call)
    patch = UserPatch(
        role=sent(body.role, lambda role: None if role is None else Role(role)),
        networks=sent(body.networks, _networks),
        is_suspended=UNSET if isinstance(body.is_suspended, UnsetType) else body.is_suspended,
    )
    return _shown(container().users.change(user_id, patch, by=call.by, if_match=call.if_match))


@route(users, "DELETE", USER, WRITERS, conditional=True, refuses=(NotFound, Conflict, Busy))
def remove(call: Call[Principal, None]) -> None:
    """Remove a person or an invitation. Who has a role without it may come back: suspend them to keep them out."""
    container().users.remove(_user_id(call), by=call.by, if_match=call.if_match)


@route(users, "GET", "/settings", READERS, tag=_revision)
def get_settings(call: Call[Principal, None]) -> wire.Settings:
    return _settings(container().settings_edits.get(by=call.by))


@route(
    users,
    "PUT",
    "/settings",
    WRITERS,
    body=wire.PutSettings,
    shown=wire.Settings,
    tag=_revision,
    conditional=True,
    refuses=(Busy,),
)
def put_settings(call: Call[Principal, wire.PutSettings]) -> wire.Settings:
    """Decide who is let in without an invitation, and how many peers a member may own."""
    body = call.body
    default = None if body.default_role is None else Role(body.default_role)
    edits = container().settings_edits
    return _settings(edits.replace(default, body.member_peer_limit, by=call.by, if_match=call.if_match))


def _user_id(call: Call[Principal, Any]) -> PrincipalId:
    text = call.path["user_id"]
    if not USER_ID.match(text):
        raise UserNotFound(text)
    return PrincipalId(text)


def _networks(texts: list[str] | None) -> frozenset[NetworkId] | None:
    return None if texts is None else frozenset(parse_list(_network_id, "networks", texts, MOST_NETWORKS))


def _network_id(field: str, text: str) -> NetworkId:
    if not NETWORK_ID.match(text):
        raise Invalid([(field, f"There is no network {text}.")])
    return NetworkId(text)


def _shown(view: UserView) -> wire.User:
    user, own = view.user, view.standing
    role = own.role if own is not None else user.role
    networks = user.networks_as(role or MIGHTIEST_FIRST[-1])
    return wire.User(
        id=user.id,
        email=user.email,
        name=user.name,
        state="suspended" if user.is_suspended else "invited" if user.is_invited else "active",
        role=None if own is None else own.role.value,
        role_source=None if own is None else own.source.value,
        own_role=None if user.role is None else user.role.value,
        networks=None if networks is None else sorted(networks),
        owned_peers=view.owned_peers,
        invited_by=user.invited_by,
        created_at=user.created_at,
        last_seen_at=user.last_seen_at,
        revision=user.revision,
        is_mailed=view.is_mailed,
    )


def _settings(settings: DeploymentSettings) -> wire.Settings:
    return wire.Settings(
        default_role=None if settings.default_role is None else settings.default_role.value,
        member_peer_limit=settings.member_peer_limit,
        revision=settings.revision,
    )
