"""The REST function as API Gateway calls it; what it answers must be declared in the contract."""

import base64
import gzip
import json
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from app import app
from chalicelib.entrypoints.rest.routing.openapi import document
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS

BY_THE_ORIGIN = {  # what the CDN adds to every call
    "x-origin-secret": "origin",
    "cloudfront-viewer-address": "203.0.113.9:4711",
}


@dataclass(frozen=True)
class Answer:
    """What the API answered; `json` is None for an empty body or text."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text) if "json" in self.headers.get("Content-Type", "") else None


def call(method: str, path: str, sent: str, headers: dict[str, str]) -> Answer:
    """What it answers, unpacked."""
    answer = invoke(method, path, sent, headers)
    raw = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
    if answer["headers"].get("Content-Encoding") == "gzip" and raw:
        raw = gzip.decompress(raw)
    return Answer(answer["statusCode"], answer["headers"], raw.decode())


def invoke(method: str, path: str, sent: str, headers: dict[str, str]) -> dict[str, Any]:
    """What the REST function answers to API Gateway. `path`: below `/v1`, with its query."""
    path, _, query = path.partition("?")
    resource, path_args = _resource(path)
    event = {
        "resource": resource,
        "path": f"/v1{path}",
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
        "pathParameters": path_args,
        "stageVariables": None,
        "requestContext": {
            "requestId": "req-test",
            "httpMethod": method,
            "resourcePath": resource,
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": sent,
        "isBase64Encoded": False,
    }
    answer: dict[str, Any] = app(event, SimpleNamespace(aws_request_id="test"))
    require_declared(method, resource.removeprefix("/v1"), answer["statusCode"])
    return answer


@cache
def contract() -> Any:
    return json.loads(document())


def require_declared(method: str, path: str, status: int) -> None:
    """Fails when the contract does not name a status; of refusals that any route may answer it names none."""
    declared = contract()["paths"].get(path, {}).get("get" if method == "HEAD" else method.lower())
    if declared is not None and status not in (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR):
        assert str(status) in declared["responses"], f"{method} {path} does not declare that it answers {status}"


def _resource(path: str) -> tuple[str, dict[str, str]]:
    """Match a path the way API Gateway does: the declared resource, or the greedy one."""
    parts = path.split("/")
    for pattern in sorted({operation.path for operation in OPERATIONS}, key=lambda path: path.count("{")):
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(
            w == p or (w.startswith("{") and p) for w, p in zip(wanted, parts, strict=True)
        ):
            args = {w.strip("{}"): p for w, p in zip(wanted, parts, strict=True) if w.startswith("{")}
            return f"/v1{pattern}", args
    return "/{proxy+}", {"proxy": f"v1{path}"}
