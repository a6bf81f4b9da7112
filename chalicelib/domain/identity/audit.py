"""The audit log: who did what to what, as it was before and is after. Records are kept for ever and never change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType

from chalicelib.domain.ids import NetworkId

AuditId = NewType("AuditId", str)
AuditPlace = NewType("AuditPlace", str)
"""Where a record stands in the log: places sort by time."""

Detail = str | int | bool | None | tuple[str, ...]
Details = Mapping[str, Detail]

SECRET = re.compile(r"secret|password|private|preshared|psk|credential")


class ActorKind(StrEnum):
    """Who can act. `DEPLOYMENT`: its own jobs, and whoever runs its scripts."""

    PERSON = "user"
    TOKEN = "api_token"  # noqa: S105  a kind of actor
    AGENT = "agent"
    JOIN_KEY = "join_key"
    DEPLOYMENT = "deployment"


class TargetKind(StrEnum):
    NETWORK = "network"
    PEER = "peer"
    USER = "user"
    TOKEN = "api_token"  # noqa: S105  a kind of target
    JOIN_KEY = "join_key"
    WEBHOOK = "webhook"
    INCIDENT = "incident"
    SETTINGS = "settings"
    ROUTE = "route"  # of a refusal: what was asked for


class RefusedAction(StrEnum):
    """Refusals that are kept. `REQUEST`: a caller may not do it. `CREDENTIAL`: of a known API token, which has ended or
    came with another secret, of a join key likewise or one that is used up, or of a peer's enrolment token, which
    another machine used or whose time is over.
    `SIGN_IN`: of a person whom the provider vouches for, and who has no role here or is suspended. `LIMIT`: too many
    calls."""

    REQUEST = "request_refused"
    CREDENTIAL = "credential_refused"
    SIGN_IN = "sign_in_refused"
    LIMIT = "limit_reached"


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Actor:
    """`name`: as it was then."""

    kind: ActorKind
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """`name`: as it was then."""

    kind: TargetKind
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One action.

    `source`: the address that the request came from, None: from none. `network_id`: None for what concerns the
    deployment. `before`, `after`: the details that the action changed; None: there was nothing, or is nothing left.
    `request_id`: of the call it was part of, None: of none.

    Raises:
        ValueError: a detail is named as a secret is.
    """

    id: AuditId
    at: datetime
    actor: Actor
    source: str | None
    action: str
    target: Target
    network_id: NetworkId | None = None
    before: Details | None = None
    after: Details | None = None
    outcome: Outcome = Outcome.DONE
    request_id: str | None = None

    def __post_init__(self) -> None:
        named = sorted(name for name in {*(self.before or ()), *(self.after or ())} if SECRET.search(name))
        if named:
            raise ValueError(f"secrets have no place in the audit log: {', '.join(named)}")

    @property
    def place(self) -> AuditPlace:
        return AuditPlace(f"{time_text(self.at)}#{self.id}")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are wanted; None: whatever it is. `since` is included, `until` is not."""

    network_id: NetworkId | None = None
    actor_id: str | None = None
    action: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, record: AuditRecord) -> bool:
        return (
            self.network_id in (None, record.network_id)
            and self.actor_id in (None, record.actor.id)
            and self.action in (None, record.action)
            and self.target_id in (None, record.target.id)
            and (self.since is None or self.since <= record.at)
            and (self.until is None or record.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, the newest first. `next`: where the next page starts, None: this was the last one."""

    records: tuple[AuditRecord, ...]
    next: AuditPlace | None


def time_text(at: datetime) -> str:
    """Sorts as time does, to the microsecond."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
