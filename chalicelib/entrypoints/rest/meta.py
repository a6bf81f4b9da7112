"""`/health` and `/me`."""

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.domain.principal import EVERYBODY, Principal
from chalicelib.entrypoints.rest.route import Anybody, Call, People, route
from chalicelib.wire.meta import Health, Me

meta = Blueprint(__name__)


@route(meta, "GET", "/health", Anybody())
def health(_call: Call[None, None]) -> Health:
    return Health(status="ok", version=container().settings.version)


@route(meta, "GET", "/me", People(EVERYBODY))
def me(call: Call[Principal, None]) -> Me:
    by = call.by
    networks: list[str] | None = None if by.networks is None else sorted(by.networks)
    return Me(id=by.id, kind="api_token", name=by.name, role=by.role.value, networks=networks)
