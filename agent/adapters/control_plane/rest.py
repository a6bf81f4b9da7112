"""The agent's REST calls: one kept-alive connection, a time-out on each call."""

import uuid
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from agent.adapters.control_plane.assertion import signed
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.http import Answer, Unanswered, ask, pool
from agent.adapters.control_plane.kept import Connections
from agent.adapters.control_plane.retry_after import retry_after_s
from agent.bundle.received import Fetched, applied_to, received, subject_of, whole
from agent.errors import (
    BundleRefused,
    EnrollmentRefused,
    KeyRefused,
    LeaveRefused,
    Outage,
    PeerDeleted,
    SignatureInvalid,
)
from agent.identity.keys import device_public_key, device_signer
from agent.identity.trust import Trust
from agent.plain import plain
from chalicelib.wire.agent import (
    ASSERTION_AUDIENCE,
    ASSERTION_LIFETIME_S,
    AssertionClaims,
    Enrolled,
    EnrollRequest,
    Joined,
    JoinRequest,
    KeysKnown,
    KeysReport,
    LeaveRequest,
    Session,
    SessionRequest,
)
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.codec import decode, encode
from chalicelib.wire.frames import Ack, Applied, Heartbeat
from chalicelib.wire.problem import FieldError, Problem
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject

TIMEOUTS_S = (4.0, 12.0)  # to connect, to read
PROBE_TIMEOUTS_S = (4.0, 4.0)
SESSION_LIFE_S = 3600.0  # the longest a session lives
SHORTEST_LIFE_S = 20.0
API = "/api/v1/agent"
HEALTH = "/api/v1/health"
NOT_MODIFIED = 304
GONE = 410
CONFLICT = 409
KEY_IN_USE = "key_in_use"
RETRYABLE = frozenset({408, 425, 429})
MOST_DETAIL = 2_000  # characters
MOST_FIELDS = 20

Shape = TypeVar("Shape")


@dataclass(slots=True)
class Http:
    """One origin. `dialler` None: one that remembers nothing. `clock_offset_s`: the server's clock
    less ours, from its last answer."""

    server: str
    dialler: Dialler | None = None
    connections: Connections = field(init=False, repr=False)
    clock_offset_s: float = 0.0

    def __post_init__(self) -> None:
        self.connections = pool(self.server, self.dialler)

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Make one call.

        Raises:
            Outage: no answer. The reason names no URL and no header.
        """
        said = {
            **({"Content-Type": "application/json"} if body is not None else {}),
            **({"Authorization": f"Bearer {token}"} if token is not None else {}),
            **(headers or {}),
        }
        asked = f"{self.server}{API}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = ask(self.connections, method, asked, TIMEOUTS_S, body, said)
        except Unanswered as failed:
            raise Outage(f"no answer from the control plane: {failed}") from failed
        self._set_clock_by(answer)
        return answer

    def is_answering(self) -> bool:
        """Whether anything answers, asked over a new connection: an old one may hang for long."""
        try:
            with pool(self.server, self.dialler) as fresh:
                return ask(fresh, "GET", f"{self.server}{HEALTH}", PROBE_TIMEOUTS_S).status_code > 0
        except Unanswered:
            return False

    def now(self) -> float:
        """Unix seconds as the server counts them: a host without a clock battery can join."""
        return time() + self.clock_offset_s

    def _set_clock_by(self, answer: Answer) -> None:
        try:
            self.clock_offset_s = parsedate_to_datetime(answer.headers["Date"]).timestamp() - time()
        except (KeyError, ValueError):
            return  # no date: our own clock has to do


Acceptance = TypeVar("Acceptance", Enrolled, Joined)


@dataclass(slots=True)
class RestEnroller:
    http: Http

    def enroll(self, request: EnrollRequest) -> Enrolled:
        return self._accepted("/enroll", request, Enrolled)

    def join(self, request: JoinRequest) -> Joined:
        return self._accepted("/join", request, Joined)

    def _accepted(self, path: str, request: EnrollRequest | JoinRequest, shape: type[Acceptance]) -> Acceptance:
        answer = self.http.call("POST", path, body=encode(request))
        if answer.ok:
            return _harmless(_decoded(answer, shape))
        problem = _problem(answer)
        if problem is None or answer.status_code >= 500 or answer.status_code in RETRYABLE:
            raise Outage(f"the control plane answered {answer.status_code}", answer.status_code)
        fields = "".join(f"\n  {error.field}: {error.message}" for error in problem.errors)
        raise EnrollmentRefused(f"{problem.title}: {problem.detail}{fields}")


@dataclass(slots=True)
class RestControlPlane:
    """Keeps the session; `device_key` base64."""

    http: Http
    network_id: str
    peer_id: str
    device_key: str = field(repr=False)
    trust: Trust
    _session: str | None = field(default=None, repr=False)

    def open_session(self) -> float:
        body = encode(SessionRequest(assertion=self._assertion()))
        opened = _decoded(self._checked(self.http.call("POST", "/session", body=body)), Session)
        self._session = opened.session
        life_s = opened.expires_at.timestamp() - self.http.now()
        return min(max(life_s, SHORTEST_LIFE_S), SESSION_LIFE_S)

    def newer(self, base: Fetched) -> Fetched | None:
        version = base.version
        query = {"since": str(version.revision), "generation": str(version.generation)}
        return self._taken(self.http.call("GET", "/bundle", token=self._session, query=query), base)

    def whole(self, base: Fetched | None) -> Fetched | None:
        headers = {} if base is None else {"If-None-Match": _tag(base)}
        return self._taken(self.http.call("GET", "/bundle", token=self._session, headers=headers), base)

    def probe(self) -> bool:
        return self.http.is_answering()

    def report(self, applied: Applied) -> None:
        self._checked(self.http.call("POST", "/applied", token=self._session, body=encode(applied)))

    def beat(self, heartbeat: Heartbeat) -> Ack:
        answer = self.http.call("POST", "/heartbeat", token=self._session, body=encode(heartbeat))
        return _decoded(self._checked(answer), Ack)

    def tell_keys(self, report: KeysReport) -> KeysKnown:
        answer = self.http.call("POST", "/keys", token=self._session, body=encode(report))
        problem = None if answer.ok else _problem(answer)
        if problem is not None and answer.status_code == CONFLICT and problem.code == KEY_IN_USE:
            raise KeyRefused(problem.detail)
        return _decoded(self._checked(answer), KeysKnown)

    def leave(self, void_files: bool) -> None:
        """Give the peer up, with this device's key as proof of which machine means it."""
        body = encode(LeaveRequest(device_key=device_public_key(self.device_key), void_files=void_files))
        answer = self.http.call("POST", "/leave", token=self._session, body=body)
        problem = _problem(answer)
        if answer.status_code == CONFLICT and problem is not None:
            raise LeaveRefused(problem.detail)
        self._checked(answer)

    def bearer(self) -> str:
        """What the socket's handshake shows; empty before the first session."""
        return self._session or ""

    def _taken(self, answer: Answer, base: Fetched | None) -> Fetched | None:
        """Check the signature before anything is made of a body."""
        if self._checked(answer).status_code == NOT_MODIFIED:
            return None
        try:
            came = received(answer.text, answer.headers.get(SIGNATURE_HEADER, ""))
            self.trust.check(subject_of(came, self.network_id, self.peer_id), answer.content, came.signature)
            fetched = applied_to(base, came) if came.is_delta and base is not None else whole(came)
        except (SignatureInvalid, BundleRefused, msgspec.DecodeError) as unusable:
            raise Outage(f"an answer that cannot be used: {plain(str(unusable))}", answer.status_code) from unusable
        self.trust.name_successor(fetched.bundle.next_signing_key)
        return fetched

    def _checked(self, answer: Answer) -> Answer:
        """Only a 2xx or a 304 is an answer; a 410 counts with its signed tombstone alone."""
        if answer.ok and (answer.status_code < 300 or answer.status_code == NOT_MODIFIED):
            return answer
        problem = _problem(answer)
        if answer.status_code == GONE and problem is not None and problem.tombstone is not None:
            self._check_tombstone(problem.tombstone, answer)
            raise PeerDeleted(problem.tombstone)
        code = problem.code if problem is not None else None
        said = f"the control plane answered {answer.status_code} {code or ''}".rstrip()
        raise Outage(said, answer.status_code, code, retry_after_s(answer.headers))

    def _check_tombstone(self, tombstone: Tombstone, answer: Answer) -> None:
        said = Subject("tombstone", self.network_id, self.peer_id, tombstone.generation, tombstone.revision)
        try:
            self.trust.check(said, answer.content, answer.headers.get(SIGNATURE_HEADER, ""))
        except SignatureInvalid as invalid:
            raise Outage(f"410, and {invalid}", GONE) from invalid

    def _assertion(self) -> str:
        now = int(self.http.now())
        claims = AssertionClaims(
            sub=self.peer_id,
            network_id=self.network_id,
            aud=ASSERTION_AUDIENCE,
            iat=now,
            exp=now + ASSERTION_LIFETIME_S,
            jti=uuid.uuid4().hex,
        )
        return signed(claims, device_signer(self.device_key))


def _tag(fetched: Fetched) -> str:
    """As the control plane tags whole bundles."""
    version = fetched.version
    return f'"{version.generation}.{version.revision}.{fetched.hash}"'


def _harmless(enrolled: Acceptance) -> Acceptance:
    """Raises Outage: an id would do something to a terminal, or names nothing."""
    if any(not one or plain(one) != one for one in (enrolled.peer_id, enrolled.network_id)):
        raise Outage("the control plane's answer has ids that are no words")
    return enrolled


def _problem(answer: Answer) -> Problem | None:
    """Its texts harmless to a terminal; None: the answer is none."""
    try:
        problem = decode(answer.content, Problem)
    except msgspec.DecodeError:
        return None
    return msgspec.structs.replace(
        problem,
        title=plain(problem.title),
        code=plain(problem.code),
        detail=plain(problem.detail, MOST_DETAIL),
        errors=[
            FieldError(field=plain(error.field), message=plain(error.message)) for error in problem.errors[:MOST_FIELDS]
        ],
    )


def _decoded(answer: Answer, shape: type[Shape]) -> Shape:
    try:
        return decode(answer.content, shape)
    except msgspec.DecodeError as malformed:
        raise Outage(
            "what answers is no control plane, or another version of it: check the server's URL"
        ) from malformed
