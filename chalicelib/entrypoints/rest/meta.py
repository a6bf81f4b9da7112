"""`/health`, `/auth/config` and `/me`."""

from typing import Literal

from chalice.app import Blueprint

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Forbidden, Unauthenticated, Unavailable
from chalicelib.domain.identity.principal import EVERYBODY, Principal, Role
from chalicelib.entrypoints.rest.routing.operation import Anybody, Call, People
from chalicelib.entrypoints.rest.routing.request import authenticated
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.observability import logger
from chalicelib.wire.meta import AuthConfig, AuthConfigQuery, Doubt, Finding, GrantedNetwork, Health, Me

meta = Blueprint(__name__)

MOST_GRANTED = 200


@route(meta, "GET", "/health", Anybody())
def health(_call: Call[None, None]) -> Health:
    return Health(status="ok", version=container().settings.version)


@route(meta, "GET", "/auth/config", Anybody(), query=AuthConfigQuery, refuses=(Unauthenticated, Forbidden, Unavailable))
def auth_config(call: Call[None, None]) -> AuthConfig:
    """Where people sign in. For administrators with `check`: whether the provider and the settings fit."""
    oidc = container().settings.oidc
    findings = None
    if call.query.check:
        authenticated(People({Role.ADMINISTRATOR}), call)
        found = container().people.tokens.findings()
        findings = [Finding(code=one.code, level=one.level, message=one.message, remedy=one.remedy) for one in found]
    return AuthConfig(
        issuer=oidc.issuer or None,
        discovery_url=oidc.discovery_url,
        client_id=oidc.client_id,
        audience=oidc.audience or None,
        findings=findings,
    )


@route(meta, "GET", "/me", People(own=EVERYBODY))
def me(call: Call[Principal, None]) -> Me:
    by = call.by
    networks: list[str] | None = None if by.networks is None else sorted(by.networks)
    kind: Literal["user", "api_token"] = "user" if by.is_person else "api_token"
    if by.doubts:  # here, as the console asks once a sign-in
        doubts = {doubt.code: doubt.text for doubt in by.doubts}
        logger.info("role_in_doubt", extra={"principal_id": by.id, "role": by.role.value, "doubts": doubts})
    return Me(
        id=by.id,
        kind=kind,
        name=by.name,
        role=by.role.value,
        role_source=by.role_source.value,
        networks=networks,
        doubts=[Doubt(code=doubt.code, text=doubt.text) for doubt in by.doubts],
        granted=_granted(by) if by.is_person and by.role is Role.MEMBER else None,
    )


def _granted(by: Principal) -> list[GrantedNetwork]:
    found, _ = container().networks.page(None, MOST_GRANTED, by=by)
    return [GrantedNetwork(id=network.id, name=network.name) for network in found]
