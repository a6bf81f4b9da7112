"""`/agent/*`: what the daemon calls."""

from http import HTTPStatus

from chalice.app import Blueprint, Response

from chalicelib.application.enrollment import Applicant
from chalicelib.bootstrap import container
from chalicelib.domain.ids import Revision
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.peer import Host
from chalicelib.domain.principal import Agent
from chalicelib.domain.tokens import parse_token
from chalicelib.entrypoints.bundle import shown
from chalicelib.entrypoints.heartbeat import acknowledged
from chalicelib.entrypoints.rest.route import Agents, Anybody, Call, route
from chalicelib.wire import agent as wire
from chalicelib.wire import frames
from chalicelib.wire.bundle import Bundle

agent = Blueprint(__name__)


@route(agent, "POST", "/agent/enroll", Anybody(), body=wire.EnrollRequest)
def enroll(call: Call[None, wire.EnrollRequest]) -> wire.Enrolled:
    body = call.body
    applicant = Applicant(
        public_key=parse_public_key("public_key", body.public_key),
        device_key=parse_public_key("device_key", body.device_key),
        host=Host(body.host.hostname, body.host.os, body.host.agent_version),
        source=call.source,
    )
    enrolled = container().enrollment.enroll(parse_token(body.token, "wirety_enroll"), applicant)
    return wire.Enrolled(peer_id=enrolled.peer_id, network_id=enrolled.network_id, signing_key=None)


@route(agent, "POST", "/agent/session", Anybody(), body=wire.SessionRequest)
def open_session(call: Call[None, wire.SessionRequest]) -> wire.Session:
    opened = container().enrollment.open_session(call.body.assertion)
    return wire.Session(session=opened.token.text(), expires_at=opened.session.expires_at)


@route(agent, "GET", "/agent/bundle", Agents(), query=wire.BundleQuery)
def bundle(call: Call[Agent, None]) -> Bundle | Response:
    generation = container().settings.generation
    fetched = container().bundles.fetch(call.by, _since(call.query, generation))
    if fetched is None:
        return Response(body="", status_code=int(HTTPStatus.NOT_MODIFIED), headers={})
    return shown(fetched, generation)


@route(agent, "POST", "/agent/applied", Agents(), body=frames.Applied)
def applied(call: Call[Agent, frames.Applied]) -> None:
    report = call.body
    container().bundles.applied(call.by, Revision(report.revision), report.hash, report.error)


@route(agent, "POST", "/agent/heartbeat", Agents(), body=frames.Heartbeat)
def heartbeat(call: Call[Agent, frames.Heartbeat]) -> frames.Ack:
    return acknowledged(call.by, call.body)


def _since(asked: wire.BundleQuery, generation: int) -> Revision | None:
    """The revision the agent has; of another generation it says nothing."""
    if asked.since is None or asked.generation not in (None, generation):
        return None
    return Revision(asked.since)
