"""A webhook: where it is sent, what it is for, and whether it works.

Whoever sees every network of the deployment as an administrator may make one for all of it; everybody else's is for
networks they see.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.identity.errors import NotAllowed
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.ids import HookId, NetworkId, Revision
from chalicelib.domain.network.network import SealedSecret
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.event import EventType

FIRST = Revision(1)
MOST_HOOKS = 50  # each event looks at all of them, which one read brings
OVERLAP = timedelta(hours=24)  # so long the secret before a rotation signs as well
GIVEN_UP_AFTER = timedelta(days=3)  # of failures without a success between


class SwitchedOff(StrEnum):
    """Why nothing is sent. `GONE`: the receiver answered 410, which asks for it by the specification."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """`events`, `networks` None: all of them. `former`: the secret before a rotation, which signs as well until
    `former_until`. `failing_since`: the first failure since the last success. `off`: why nothing is sent, None: it
    is."""

    id: HookId
    url: HookUrl
    description: str
    events: frozenset[EventType] | None
    networks: frozenset[NetworkId] | None
    secret: SealedSecret
    former: SealedSecret | None = None
    former_until: datetime | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime
    failing_since: datetime | None = None
    off: SwitchedOff | None = None
    revision: Revision = FIRST

    def wants(self, what: EventType, network_id: NetworkId | None) -> bool:
        """Whether such events of a network are sent to it, None: of the deployment, which only a hook for all of it
        hears of."""
        if self.off is not None:
            return False
        if self.networks is not None and network_id not in self.networks:
            return False
        return self.events is None or what in self.events

    def secrets(self, now: datetime) -> tuple[SealedSecret, ...]:
        """Those that sign, the newest first."""
        if self.former is None or self.former_until is None or now >= self.former_until:
            return (self.secret,)
        return (self.secret, self.former)

    def is_given_up(self, now: datetime) -> bool:
        """Whether a failure now is the last one."""
        return self.failing_since is not None and now - self.failing_since >= GIVEN_UP_AFTER

    def switched(self, is_on: bool) -> "Hook":
        """By hand. On again, it is as if it had never failed."""
        if is_on == (self.off is None):
            return self
        return replace(self, off=None if is_on else SwitchedOff.BY_HAND, failing_since=None)

    def later(self, now: datetime) -> "Hook":
        """The next revision of it."""
        return replace(self, revision=Revision(self.revision + 1), updated_at=now)

    def rotated(self, secret: SealedSecret, now: datetime) -> "Hook":
        """With a new secret; of two rotations in a row the first secret ends at once."""
        return replace(self.later(now), secret=secret, former=self.secret, former_until=now + OVERLAP)

    def switched_off(self, why: SwitchedOff, now: datetime) -> "Hook":
        return replace(self.later(now), off=why)


def require_reach(networks: frozenset[NetworkId] | None, by: Principal) -> None:
    """Refuse a hook for the whole deployment, which hears of people as well, to whoever decides for less."""
    if networks is None and not (by.role is Role.ADMINISTRATOR and by.networks is None):
        message = (
            "A webhook for the whole deployment takes an administrator of all networks. Name the networks it is for."
        )
        raise NotAllowed(by.caller.actor, message)


def is_seen(hook: Hook, by: Principal) -> bool:
    """Whether the caller sees all that the hook is for."""
    if hook.networks is None:
        return by.networks is None and by.role is not Role.OPERATOR
    return all(by.sees(network_id) for network_id in hook.networks)
