"""`/agent/*`: what the daemon calls."""

from typing import assert_never

from chalice.app import Blueprint, Response

from chalicelib.application.agents.bundles import HeldRevision, Rendered, SameContent, Unchanged, Whole
from chalicelib.application.agents.snapshots import Difference
from chalicelib.application.peers.new_peer import Applicant
from chalicelib.bootstrap.container import container
from chalicelib.domain.bundle import bundle as domain
from chalicelib.domain.bundle.errors import BundleTooLarge
from chalicelib.domain.errors import Busy, Conflict, NotFound, Unauthenticated
from chalicelib.domain.identity.limits import Limit
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.tokens import parse_token
from chalicelib.domain.ids import Revision
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.peer.errors import PeerDeleted, PeerLeft
from chalicelib.domain.peer.key_rotation import ReportedKeys
from chalicelib.domain.peer.peer import Host
from chalicelib.entrypoints.rest.routing.operation import Agents, Anybody, Call
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.rest.routing.signed import delta_answer, held_content, unchanged, whole_answer
from chalicelib.entrypoints.shapes.bundles import rendered, shown
from chalicelib.entrypoints.shapes.heartbeats import acknowledged, reported
from chalicelib.observability import count
from chalicelib.wire import agent as wire
from chalicelib.wire import frames
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.delta import Delta, Removed, Set, difference

agent = Blueprint(__name__)


@route(
    agent,
    "POST",
    "/agent/enroll",
    Anybody(),
    body=wire.EnrollRequest,
    refuses=(Unauthenticated, Conflict, Busy),
    limit=Limit.ENROLLMENTS,
)
def enroll(call: Call[None, wire.EnrollRequest]) -> wire.Enrolled:
    applicant = _applicant(call)
    signing_key = container().signing.keys().current.public  # before the token is used: it may fail
    enrolled = container().enrollment.enroll(parse_token(call.body.token, "wirety_enroll"), applicant)
    return wire.Enrolled(peer_id=enrolled.peer_id, network_id=enrolled.network_id, signing_key=signing_key)


@route(
    agent,
    "POST",
    "/agent/join",
    Anybody(),
    body=wire.JoinRequest,
    refuses=(Unauthenticated, Conflict, Busy),
    limit=Limit.ENROLLMENTS,
)
def join(call: Call[None, wire.JoinRequest]) -> wire.Joined:
    """Become a new peer by a network's join key. The same again, by the same machine, is answered the same."""
    applicant = _applicant(call)
    signing_key = container().signing.keys().current.public  # before the key is used: it may fail
    joined = container().joining.join(parse_token(call.body.key, "wirety_join"), applicant)
    return wire.Joined(
        peer_id=joined.id,
        network_id=joined.network_id,
        signing_key=signing_key,
        awaits_approval=joined.awaits_approval,
    )


@route(
    agent,
    "POST",
    "/agent/session",
    Anybody(),
    body=wire.SessionRequest,
    refuses=(Unauthenticated, NotFound, PeerDeleted, PeerLeft, Busy),
    limit=Limit.SESSIONS,
)
def open_session(call: Call[None, wire.SessionRequest]) -> wire.Session:
    opened = container().enrollment.open_session(call.body.assertion)
    return wire.Session(session=opened.token.text(), expires_at=opened.session.expires_at)


@route(agent, "POST", "/agent/leave", Agents(), body=wire.LeaveRequest, refuses=(NotFound, Conflict, Busy))
def leave(call: Call[Agent, wire.LeaveRequest]) -> None:
    device_key = parse_public_key("device_key", call.body.device_key)
    container().enrollment.leave(call.by, device_key, call.body.void_files)


@route(
    agent,
    "GET",
    "/agent/bundle",
    Agents(),
    query=wire.BundleQuery,
    refuses=(NotFound, PeerDeleted, Busy, BundleTooLarge),
)
def bundle(call: Call[Agent, None]) -> Bundle | Delta | Response:
    """What to run: whole, or after a revision what is newer; signed, see wire/signing."""
    held = _held(call.query) or held_content(call.headers.get("if-none-match"))
    answer = container().bundles.answer(call.by, held, _rendered)
    match answer:
        case Whole():
            if answer.has_drifted and held is not None:
                count("BundleDrift", peer_id=call.by.peer_id, had=held.revision, now=answer.revision)
            return whole_answer(call.by, answer, call.headers)
        case Difference(before, after):
            return delta_answer(call.by, difference(_shown(before), _shown(after)), call.headers)
        case SameContent(since, revision):
            told = Delta(container().settings.generation, since, revision, set=Set(), removed=Removed())
            return delta_answer(call.by, told, call.headers)
        case Unchanged():
            return unchanged(held)
        case _:
            assert_never(answer)


@route(agent, "POST", "/agent/applied", Agents(), body=frames.Applied, refuses=(NotFound,))
def applied(call: Call[Agent, frames.Applied]) -> None:
    reported(call.by, call.body)


@route(agent, "POST", "/agent/heartbeat", Agents(), body=frames.Heartbeat, refuses=(NotFound,))
def heartbeat(call: Call[Agent, frames.Heartbeat]) -> frames.Ack:
    return acknowledged(call.by, call.body)


@route(agent, "POST", "/agent/keys", Agents(), body=wire.KeysReport, refuses=(NotFound, Conflict, Busy))
def keys(call: Call[Agent, wire.KeysReport]) -> wire.KeysKnown:
    """What keys the agent has; the same again is answered by how far they are known."""
    body = call.body
    next_key = None if body.next_key is None else parse_public_key("next_key", body.next_key)
    held = ReportedKeys(parse_public_key("public_key", body.public_key), next_key, body.psk_epoch)
    known = container().rotations.report(call.by, held)
    return wire.KeysKnown(public_key=known.public_key, staged_key=known.staged_key, is_held=known.is_held)


def _applicant(call: Call[None, wire.EnrollRequest] | Call[None, wire.JoinRequest]) -> Applicant:
    body = call.body
    return Applicant(
        public_key=parse_public_key("public_key", body.public_key),
        device_key=parse_public_key("device_key", body.device_key),
        host=Host(body.host.hostname, body.host.os, body.host.agent_version),
        source=call.source,
        request_id=call.request_id,
    )


def _held(asked: wire.BundleQuery) -> HeldRevision | None:
    return None if asked.since is None else HeldRevision(asked.generation, Revision(asked.since))


def _rendered(bundle: domain.Bundle, next_signing_key: str) -> Rendered:
    return rendered(bundle, container().settings.generation, next_signing_key)


def _shown(bundle: domain.Bundle) -> Bundle:
    return shown(bundle, container().settings.generation, container().signing.keys().successor.public)
