"""Answers that agents act on: bundles, deltas and tombstones, signed and compressed."""

import base64
import gzip
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from chalice.app import Response

from chalicelib.application.agents.bundles import HeldContent, HeldRevision, Whole
from chalicelib.bootstrap.container import container
from chalicelib.domain.bundle.errors import BundleTooLarge
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import Revision
from chalicelib.observability import count
from chalicelib.wire import bundle, delta
from chalicelib.wire.codec import encode
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject

MOST_BYTES = 4_000_000  # Lambda answers 6 MB, and base64 takes a third
WORTH_COMPRESSING = 1_000
TAG = re.compile(r'(?:W/)?"(?P<generation>[0-9]{1,12})\.(?P<revision>[0-9]{1,12})\.(?P<hash>[0-9a-f]{64})"\Z')
TAKES_GZIP = re.compile(r"(?:gzip|\*)(?:;q=(?!0(?:\.0*)?\Z)[0-9.]+)?\Z")  # RFC 9110 section 12.5.3: q=0 refuses


class Bytes(Response):
    """An answer of bytes, whatever the client accepts.

    RFC 9110 section 12.5.1 leaves it to the server to send what it has; Chalice answers 400 when `Accept` does
    not name one of its binary types, also when a proxy took the header away.
    """

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        text = Response(base64.b64encode(self.body).decode(), self.headers, self.status_code)
        return {**text.to_dict(binary_types), "isBase64Encoded": True}


def held_content(if_none_match: str | None) -> HeldContent | None:
    """What the agent has, by its `If-None-Match`: the first tag of ours, weak or not (RFC 9110 section 13.1.2)."""
    for one in (if_none_match or "").split(","):
        if found := TAG.match(one.strip()):
            return HeldContent(int(found["generation"]), Revision(int(found["revision"])), found["hash"])
    return None


def whole_answer(agent: Agent, whole: Whole, headers: Mapping[str, str]) -> Response:
    subject = _about("bundle", agent, whole.revision)
    answer = _signed(subject, whole.rendered.body, bundle.MEDIA_TYPE, headers)
    answer.headers["ETag"] = _tag(subject.generation, whole.revision, whole.rendered.hash)
    return answer


def delta_answer(agent: Agent, told: delta.Delta, headers: Mapping[str, str]) -> Response:
    return _signed(_about("delta", agent, Revision(told.revision)), encode(told), delta.MEDIA_TYPE, headers)


def unchanged(held: HeldRevision | HeldContent | None) -> Response:
    """The agent has it already; `held`: by what it said, which a conditional request is told again as the tag."""
    tag = {"ETag": _tag(held.generation, held.revision, held.hash)} if isinstance(held, HeldContent) else {}
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", "Vary": "Accept-Encoding", **tag}
    return Response(body="", status_code=int(HTTPStatus.NOT_MODIFIED), headers=headers)


def with_signature(problem: Response, tombstone: bundle.Tombstone) -> Response:
    """The problem that carries a tombstone: only with this does it take a tunnel down."""
    subject = Subject("tombstone", tombstone.network_id, tombstone.peer_id, tombstone.generation, tombstone.revision)
    problem.headers[SIGNATURE_HEADER] = container().signing.sign(subject.statement(problem.body.encode()))
    return problem


def _tag(generation: int, revision: Revision, content_hash: str) -> str:
    """The entity tag of a whole bundle: which one it is, and what is in it."""
    return f'"{generation}.{revision}.{content_hash}"'


def _about(kind: Literal["bundle", "delta"], agent: Agent, revision: Revision) -> Subject:
    return Subject(kind, agent.network_id, agent.peer_id, container().settings.generation, revision)


def _signed(subject: Subject, body: bytes, media_type: str, asked: Mapping[str, str]) -> Response:
    """Compressed for who takes that.

    Raises:
        BundleTooLarge.
    """
    headers: dict[str, str | list[str]] = {
        "Content-Type": media_type,
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding",
        SIGNATURE_HEADER: container().signing.sign(subject.statement(body)),
    }
    if len(body) >= WORTH_COMPRESSING and _takes_gzip(asked.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=6, mtime=0)
    if len(body) > MOST_BYTES:
        count("BundleTooLarge", peer_id=subject.peer_id, size_bytes=len(body))
        raise BundleTooLarge(len(body), MOST_BYTES)
    return Bytes(body=body, status_code=int(HTTPStatus.OK), headers=headers)


def _takes_gzip(accepted: str) -> bool:
    return any(TAKES_GZIP.match(one.replace(" ", "").lower()) for one in accepted.split(","))
