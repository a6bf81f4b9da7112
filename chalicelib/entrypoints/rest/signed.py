"""Answers that agents act on: bundles, deltas and tombstones, signed and compressed."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from chalice.app import Response

from chalicelib.bootstrap import container
from chalicelib.domain.errors import BundleTooLarge
from chalicelib.domain.ids import Revision
from chalicelib.domain.principal import Agent
from chalicelib.observability import count
from chalicelib.wire import bundle, delta
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject

MEDIA_TYPES = (bundle.MEDIA_TYPE, delta.MEDIA_TYPE)
MOST_BYTES = 4_000_000  # Lambda answers 6 MB, and base64 takes a third
WORTH_COMPRESSING = 1_000
TAG = re.compile(r'"(?P<generation>[0-9]{1,12})\.(?P<revision>[0-9]{1,12})\.(?P<hash>[0-9a-f]{64})"\Z')


@dataclass(frozen=True, slots=True)
class Tag:
    """The entity tag of a whole bundle: which one it is, and what is in it."""

    generation: int
    revision: Revision
    hash: str

    def __str__(self) -> str:
        return f'"{self.generation}.{self.revision}.{self.hash}"'


def tag_of(if_none_match: str | None) -> Tag | None:
    """What the agent has, by its `If-None-Match`; a tag that is none of ours says nothing."""
    found = TAG.match((if_none_match or "").strip())
    return Tag(int(found["generation"]), Revision(int(found["revision"])), found["hash"]) if found else None


def whole_answer(agent: Agent, revision: Revision, body: bytes, tag: Tag, headers: Mapping[str, str]) -> Response:
    answer = _signed(_about("bundle", agent, revision), body, bundle.MEDIA_TYPE, headers)
    answer.headers["ETag"] = str(tag)
    return answer


def delta_answer(agent: Agent, revision: Revision, body: bytes, headers: Mapping[str, str]) -> Response:
    return _signed(_about("delta", agent, revision), body, delta.MEDIA_TYPE, headers)


def unchanged() -> Response:
    return Response(body="", status_code=int(HTTPStatus.NOT_MODIFIED), headers={"Cache-Control": "no-store"})


def with_signature(problem: Response, tombstone: bundle.Tombstone) -> Response:
    """The problem that carries a tombstone: only with this does it take a tunnel down."""
    subject = Subject("tombstone", tombstone.network_id, tombstone.peer_id, tombstone.generation, tombstone.revision)
    problem.headers[SIGNATURE_HEADER] = container().signing.sign(subject.statement(problem.body.encode()))
    return problem


def _about(kind: Literal["bundle", "delta"], agent: Agent, revision: Revision) -> Subject:
    return Subject(kind, agent.network_id, agent.peer_id, container().settings.generation, revision)


def _signed(subject: Subject, body: bytes, media_type: str, asked: Mapping[str, str]) -> Response:
    """Compressed for who takes that; as plain JSON for who asks for no type of ours.

    Raises:
        BundleTooLarge.
    """
    headers: dict[str, str | list[str]] = {
        "Content-Type": media_type,
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Encoding",
        SIGNATURE_HEADER: container().signing.sign(subject.statement(body)),
    }
    accepted = asked.get("accept", "")
    takes_bytes = media_type in accepted or "*/*" in accepted  # chalice answers nobody else with bytes
    if takes_bytes and len(body) >= WORTH_COMPRESSING and "gzip" in asked.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=6, mtime=0)
    if len(body) > MOST_BYTES:
        count("BundleTooLarge", peer_id=subject.peer_id, size_bytes=len(body))
        raise BundleTooLarge(len(body), MOST_BYTES)
    if not takes_bytes:
        headers["Content-Type"] = "application/json"
    return Response(body=body if takes_bytes else body.decode(), status_code=int(HTTPStatus.OK), headers=headers)
