"""`/agent/*`: what the daemon calls."""

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.application.agents.enrollment import Applicant
from chalicelib.application.agents.snapshots import Difference
from chalicelib.bootstrap.container import container
from chalicelib.domain.bundle import bundle as domain
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.tokens import parse_token
from chalicelib.domain.ids import Revision
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.peer.key_rotation import ReportedKeys
from chalicelib.domain.peer.peer import Host
from chalicelib.entrypoints.rest.operation import Agents, Anybody, Call
from chalicelib.entrypoints.rest.route import route
from chalicelib.entrypoints.rest.signed import Tag, delta_answer, tag_of, unchanged, whole_answer
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.entrypoints.shapes.heartbeats import acknowledged, reported
from chalicelib.observability import count
from chalicelib.wire import agent as wire
from chalicelib.wire import frames
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import content_hash, content_of, encode
from chalicelib.wire.delta import Delta, difference

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
    signing_key = container().signing.keys().current.public  # before the token is used: it may fail
    enrolled = container().enrollment.enroll(parse_token(body.token, "wirety_enroll"), applicant)
    return wire.Enrolled(peer_id=enrolled.peer_id, network_id=enrolled.network_id, signing_key=signing_key)


@route(agent, "POST", "/agent/session", Anybody(), body=wire.SessionRequest)
def open_session(call: Call[None, wire.SessionRequest]) -> wire.Session:
    opened = container().enrollment.open_session(call.body.assertion)
    return wire.Session(session=opened.token.text(), expires_at=opened.session.expires_at)


@route(agent, "POST", "/agent/leave", Agents(), body=wire.LeaveRequest)
def leave(call: Call[Agent, wire.LeaveRequest]) -> None:
    device_key = parse_public_key("device_key", call.body.device_key)
    container().enrollment.leave(call.by, device_key, call.body.void_files)


@route(agent, "GET", "/agent/bundle", Agents(), query=wire.BundleQuery)
def bundle(call: Call[Agent, None]) -> Bundle | Delta | Response:
    """What to run: whole, or after a revision what is newer; signed, see wire/signing."""
    since = _since(call.query)
    if since is None:
        return _whole(call, container().bundles.whole(call.by))
    match container().bundles.newer(call.by, since):
        case None:
            return unchanged()
        case Difference(before, after):
            return _difference(call, _shown(before), _shown(after))
        case found:
            return _whole(call, found)


@route(agent, "POST", "/agent/applied", Agents(), body=frames.Applied)
def applied(call: Call[Agent, frames.Applied]) -> None:
    reported(call.by, call.body)


@route(agent, "POST", "/agent/heartbeat", Agents(), body=frames.Heartbeat)
def heartbeat(call: Call[Agent, frames.Heartbeat]) -> frames.Ack:
    return acknowledged(call.by, call.body)


@route(agent, "POST", "/agent/keys", Agents(), body=wire.KeysReport)
def keys(call: Call[Agent, wire.KeysReport]) -> wire.KeysKnown:
    """What keys the agent has; the same again is answered by how far they are known."""
    body = call.body
    next_key = None if body.next_key is None else parse_public_key("next_key", body.next_key)
    held = ReportedKeys(parse_public_key("public_key", body.public_key), next_key, body.psk_epoch)
    known = container().rotations.report(call.by, held)
    return wire.KeysKnown(public_key=known.public_key, staged_key=known.staged_key, is_held=known.is_held)


def _since(asked: wire.BundleQuery) -> Revision | None:
    """The revision the agent has; of another generation it says nothing."""
    if asked.since is None or asked.generation not in (None, container().settings.generation):
        return None
    return Revision(asked.since)


def _whole(call: Call[Agent, None], found: domain.Bundle) -> Response:
    """The whole bundle, unless the agent shows by its tag that it has just this."""
    rendered = _shown(found)
    body = encode(rendered)
    tag = Tag(rendered.generation, found.revision, content_hash(content_of(body)))
    had = tag_of(call.headers.get("if-none-match"))
    if had is None or had.generation != tag.generation:
        return whole_answer(call.by, found.revision, body, tag, call.headers)
    if had == tag:
        return unchanged(tag)
    if had.hash == tag.hash and had.revision < tag.revision:  # the same under a later revision
        return _difference(call, msgspec.structs.replace(rendered, revision=had.revision), rendered)
    _watch_for_drift(call.by, had, rendered)
    return whole_answer(call.by, found.revision, body, tag, call.headers)


def _difference(call: Call[Agent, None], before: Bundle, after: Bundle) -> Response:
    body = encode(difference(before, after))
    return delta_answer(call.by, Revision(after.revision), body, call.headers)


def _watch_for_drift(agent: Agent, had: Tag, now: Bundle) -> None:
    """Count a bundle that differs though nothing was changed; a rotated signing key explains it too."""
    former = msgspec.structs.replace(now, next_signing_key=container().signing.keys().current.public)
    if content_hash(msgspec.to_builtins(former)) == had.hash:
        return
    if container().bundles.has_drifted(agent, had.revision, Revision(now.revision)):
        count("BundleDrift", peer_id=agent.peer_id, had=had.revision, now=now.revision)


def _shown(found: domain.Bundle) -> Bundle:
    return shown(found, container().settings.generation, container().signing.keys().successor.public)
