"""Calls that the REST function answers in this process."""

import base64
import gzip
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from agent.adapters.control_plane.http import Answer
from agent.adapters.control_plane.rest import Http
from app import app
from scripts.bench.month.counted import Tally
from scripts.cost_estimate import REST_MS, SESSION_MS

SECRET = "of the one origin"  # noqa: S105  of a deployment in this process
BY_THE_ORIGIN = {"x-origin-secret": SECRET, "cloudfront-viewer-address": "203.0.113.9:4711"}


@dataclass(slots=True)
class InProcess(Http):
    """Calls of an agent, or of an operator, that the REST function answers as API Gateway has it."""

    tally: Tally = field(default_factory=Tally)

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return self.answered(method, f"/agent{path}", token, body, query, headers)

    def operate(self, path: str, token: str, body: dict[str, object]) -> dict[str, Any]:
        answer = self.answered("POST", path, token, json.dumps(body).encode(), None, None)
        made: dict[str, Any] = json.loads(answer.content)
        return made

    def answered(
        self,
        method: str,
        path: str,
        token: str | None,
        body: bytes | None,
        query: dict[str, str] | None,
        headers: dict[str, str] | None,
    ) -> Answer:
        """Any call. `path`: below `/api/v1`."""
        self.tally.add(rest_calls=1, invocations=1, ms=SESSION_MS if path.endswith("/session") else REST_MS)
        resource, arguments = _resource(f"/v1{path}")
        said = {"content-type": "application/json", "accept-encoding": "gzip", **BY_THE_ORIGIN, **(headers or {})}
        if token is not None:
            said["authorization"] = f"Bearer {token}"
        event = {
            "resource": resource,
            "path": f"/v1{path}",
            "httpMethod": method,
            "headers": said,
            "multiValueHeaders": {},
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": arguments,
            "stageVariables": None,
            "requestContext": {"httpMethod": method, "resourcePath": resource, "identity": {"sourceIp": "203.0.113.9"}},
            "body": (body or b"").decode(),
            "isBase64Encoded": False,
        }
        answer = app(event, SimpleNamespace(aws_request_id="bench"))
        content = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
        if answer["headers"].get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return Answer(answer["statusCode"], answer["headers"], content)


def _resource(path: str) -> tuple[str, dict[str, str]]:
    """The declared route, as API Gateway matches it."""
    parts = path.split("/")
    for pattern in sorted(app.routes, key=lambda one: one.count("{")):
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(w == p or w[:1] == "{" for w, p in zip(wanted, parts, strict=True)):
            return pattern, {w.strip("{}"): p for w, p in zip(wanted, parts, strict=True) if w[:1] == "{"}
    raise LookupError(f"no route {path}")
