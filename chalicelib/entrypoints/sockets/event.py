"""API Gateway's socket events: who holds the socket, and the authorizer's answer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.ids import ConnectionId

Event = Mapping[str, Any]
AGENT, BROWSER = "agent", "browser"


@dataclass(frozen=True, slots=True)
class SocketContext:
    """The authorizer's context, strings only. `networks`: an agent's network; a browser's, separated by
    commas, or the word for all of them (see browsers); empty: none. `session`, `admission`: of an
    agent; empty for a browser. `revision`: of a browser's account; empty for an agent."""

    kind: str
    holder: str
    networks: str
    expires_at: str
    session: str = ""
    admission: str = ""
    revision: str = ""


def until(end: datetime) -> str:
    return str(int(end.timestamp()))


def context_of(event: Event) -> SocketContext:
    context = event["requestContext"]["authorizer"]
    names = ("networks", "expires_at", "session", "admission", "revision")
    return SocketContext(context["kind"], context["holder"], *(context.get(name, "") for name in names))


def headers_of(event: Event) -> dict[str, str]:
    """The handshake's, names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def connection_id(event: Event) -> ConnectionId:
    return ConnectionId(event["requestContext"]["connectionId"])


def expires_at(held: SocketContext) -> datetime:
    return datetime.fromtimestamp(int(held.expires_at), UTC)


def allow(event: Event, held: SocketContext) -> dict[str, Any]:
    return _policy("Allow", event["methodArn"], held.holder, asdict(held))


def deny(event: Event) -> dict[str, Any]:
    return _policy("Deny", event["methodArn"], "anonymous", {})


def _policy(effect: str, resource: str, principal: str, context: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }
