"""The agent's REST calls: one kept-alive connection, a time-out on each call."""

import uuid
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import TypeVar

import jwt
import msgspec
import requests

from agent.errors import EnrollmentRefused, Outage, PeerDeleted
from agent.keys import device_signer
from agent.ports import Fetched, Version
from chalicelib.wire.agent import (
    ASSERTION_ALGORITHM,
    ASSERTION_AUDIENCE,
    ASSERTION_LIFETIME_S,
    AssertionClaims,
    Enrolled,
    EnrollRequest,
    Session,
    SessionRequest,
)
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import bundle_hash, decode, encode
from chalicelib.wire.frames import Ack, Applied, Heartbeat
from chalicelib.wire.problem import Problem

TIMEOUTS_S = (4.0, 12.0)  # to connect, to read
SESSION_LIFE_S = 3600.0  # the longest a session lives
SHORTEST_LIFE_S = 20.0
API = "/api/v1/agent"
NOT_MODIFIED = 304
GONE = 410
RETRYABLE = frozenset({408, 425, 429})

Shape = TypeVar("Shape")


class _Bearer(requests.auth.AuthBase):
    """Sets the header itself, so that no ~/.netrc replaces it."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(slots=True)
class Http:
    """One origin. `clock_offset_s`: the server's clock less ours, from its last answer."""

    server: str
    session: requests.Session = field(default_factory=requests.Session)
    clock_offset_s: float = 0.0

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> requests.Response:
        """Make one call.

        Raises:
            Outage: no answer. The reason names no URL and no header.
        """
        try:
            answer = self.session.request(
                method,
                f"{self.server}{API}{path}",
                params=query,
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                auth=_Bearer(token),
                timeout=TIMEOUTS_S,
                allow_redirects=False,
            )
        except requests.RequestException as failed:
            raise Outage(f"no answer from the control plane ({type(failed).__name__})") from failed
        self._set_clock_by(answer)
        return answer

    def now(self) -> float:
        """Unix seconds as the server counts them: a host without a clock battery can join."""
        return time() + self.clock_offset_s

    def _set_clock_by(self, answer: requests.Response) -> None:
        try:
            self.clock_offset_s = parsedate_to_datetime(answer.headers["Date"]).timestamp() - time()
        except (KeyError, ValueError):
            return  # no date: our own clock has to do


@dataclass(slots=True)
class RestEnroller:
    http: Http

    def enroll(self, request: EnrollRequest) -> Enrolled:
        answer = self.http.call("POST", "/enroll", body=encode(request))
        if answer.ok:
            return _decoded(answer, Enrolled)
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
    _session: str | None = field(default=None, repr=False)

    def open_session(self) -> float:
        body = encode(SessionRequest(assertion=self._assertion()))
        opened = _decoded(_checked(self.http.call("POST", "/session", body=body)), Session)
        self._session = opened.session
        life_s = opened.expires_at.timestamp() - self.http.now()
        return min(max(life_s, SHORTEST_LIFE_S), SESSION_LIFE_S)

    def fetch(self, since: Version | None) -> Fetched | None:
        query = {"since": str(since.revision), "generation": str(since.generation)} if since is not None else None
        answer = _checked(self.http.call("GET", "/bundle", token=self._session, query=query))
        if answer.status_code == NOT_MODIFIED:
            return None
        raw = answer.content
        return Fetched(bundle=_decoded(answer, Bundle), raw=raw, hash=bundle_hash(raw))

    def report(self, applied: Applied) -> None:
        _checked(self.http.call("POST", "/applied", token=self._session, body=encode(applied)))

    def beat(self, heartbeat: Heartbeat) -> Ack:
        answer = self.http.call("POST", "/heartbeat", token=self._session, body=encode(heartbeat))
        return _decoded(_checked(answer), Ack)

    def bearer(self) -> str:
        """What the socket's handshake shows; empty before the first session."""
        return self._session or ""

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
        return jwt.encode(msgspec.to_builtins(claims), device_signer(self.device_key), ASSERTION_ALGORITHM)


def _checked(answer: requests.Response) -> requests.Response:
    """Only a 2xx or a 304 is an answer; a 410 counts with its tombstone alone."""
    if answer.ok and (answer.status_code < 300 or answer.status_code == NOT_MODIFIED):
        return answer
    problem = _problem(answer)
    if answer.status_code == GONE and problem is not None and problem.code == "peer_deleted" and problem.tombstone:
        raise PeerDeleted(problem.tombstone)
    code = f" {problem.code}" if problem is not None else ""
    raise Outage(f"the control plane answered {answer.status_code}{code}", answer.status_code)


def _problem(answer: requests.Response) -> Problem | None:
    try:
        return decode(answer.content, Problem)
    except msgspec.DecodeError:
        return None


def _decoded(answer: requests.Response, shape: type[Shape]) -> Shape:
    try:
        return decode(answer.content, shape)
    except msgspec.DecodeError as malformed:
        raise Outage(f"the control plane's answer is no {shape.__name__}") from malformed
