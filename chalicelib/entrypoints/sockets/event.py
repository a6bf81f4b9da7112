"""API Gateway's socket events: who holds the socket, and the authorizer's answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.ids import ConnectionId

Event = Mapping[str, Any]
AGENT, BROWSER = "agent", "browser"


@dataclass(frozen=True, slots=True)
class Held:
    """The authorizer's context, strings only. `networks`: an agent's network; a browser's, separated by
    commas, or the word for all of them (see browsers); empty: none."""

    kind: str
    holder: str
    networks: str
    expires_at: str


def held_until(kind: str, holder: str, networks: str, end: datetime) -> Held:
    return Held(kind, holder, networks, str(int(end.timestamp())))


def context_of(event: Event) -> Held:
    context = event["requestContext"]["authorizer"]
    return Held(context["kind"], context["holder"], context.get("networks", ""), context["expires_at"])


def headers_of(event: Event) -> dict[str, str]:
    """The handshake's, names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def connection_id(event: Event) -> ConnectionId:
    return ConnectionId(event["requestContext"]["connectionId"])


def expires_at(held: Held) -> datetime:
    return datetime.fromtimestamp(int(held.expires_at), UTC)


def allow(event: Event, held: Held) -> dict[str, Any]:
    context = {"kind": held.kind, "holder": held.holder, "networks": held.networks, "expires_at": held.expires_at}
    return _policy("Allow", event["methodArn"], held.holder, context)


def deny(event: Event) -> dict[str, Any]:
    return _policy("Deny", event["methodArn"], "anonymous", {})


def _policy(effect: str, resource: str, principal: str, context: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }
