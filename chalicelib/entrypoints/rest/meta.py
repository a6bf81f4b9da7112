"""`/health`, `/auth/config` and `/me`."""

from typing import Literal

from chalice.app import Blueprint

from chalicelib.bootstrap.container import container
from chalicelib.domain.identity.principal import EVERYBODY, Principal
from chalicelib.entrypoints.rest.operation import Anybody, Call, People
from chalicelib.entrypoints.rest.route import route
from chalicelib.wire.meta import AuthConfig, Health, Me

meta = Blueprint(__name__)


@route(meta, "GET", "/health", Anybody())
def health(_call: Call[None, None]) -> Health:
    return Health(status="ok", version=container().settings.version)


@route(meta, "GET", "/auth/config", Anybody())
def auth_config(_call: Call[None, None]) -> AuthConfig:
    """Where people sign in."""
    oidc = container().settings.oidc
    return AuthConfig(
        issuer=oidc.issuer or None,
        discovery_url=oidc.discovery_url,
        client_id=oidc.client_id,
        audience=oidc.audience or None,
    )


@route(meta, "GET", "/me", People(EVERYBODY))
def me(call: Call[Principal, None]) -> Me:
    by = call.by
    networks: list[str] | None = None if by.networks is None else sorted(by.networks)
    kind: Literal["user", "api_token"] = "user" if by.is_person else "api_token"
    return Me(id=by.id, kind=kind, name=by.name, role=by.role.value, networks=networks)
