"""Join keys: a network's own, for images, CI and autoscaling. Each use makes a new peer."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from chalicelib.domain.identity.audit import Actor, ActorKind
from chalicelib.domain.identity.errors import JoinKeyExpired, JoinKeyRevoked, JoinKeyUsedUp
from chalicelib.domain.identity.principal import Caller
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import JoinKeyId, NetworkId, PeerId

KEPT_AFTER_EXPIRY = timedelta(days=30)
"""So long a key is still listed, and the same machine is still answered, once it has expired."""
DeviceHash = NewType("DeviceHash", str)  # SHA-256 (hex) of a device key


class JoinKeyState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True)
class PeerTerms:
    """What a key gives to the peers it makes. `needs_approval`: they wait for a person. `is_ephemeral`: they vanish
    when they leave, or are away for a time."""

    needs_approval: bool = False
    is_ephemeral: bool = False
    tags: tuple[str, ...] = ()
    is_isolated: bool = False
    full_encapsulation: bool = False


@dataclass(frozen=True, slots=True)
class JoinKey:
    """`uses`: so many peers it makes at most, None: no limit; `used`: so many it has made. `secret`: the hash.
    `created_by`: the name of who made it."""

    id: JoinKeyId
    network_id: NetworkId
    name: str
    secret: Secret
    terms: PeerTerms
    uses: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    used: int = 0
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def record(self) -> str:
        """The key of its record, as the key's text carries it."""
        return f"{self.network_id}:{self.id}"

    @property
    def actor(self) -> Actor:
        """What makes the peers, in the log."""
        return Actor(ActorKind.JOIN_KEY, self.id, self.name)

    @property
    def kept_until(self) -> datetime:
        return self.expires_at + KEPT_AFTER_EXPIRY

    def state(self, now: datetime) -> JoinKeyState:
        if self.revoked_at is not None:
            return JoinKeyState.REVOKED
        if now >= self.expires_at:
            return JoinKeyState.EXPIRED
        return JoinKeyState.USED_UP if self.uses is not None and self.used >= self.uses else JoinKeyState.ACTIVE

    def require_active(self, now: datetime) -> None:
        """Raises JoinKeyRevoked, JoinKeyExpired, JoinKeyUsedUp: it makes no peer any more."""
        match self.state(now):
            case JoinKeyState.REVOKED:
                raise JoinKeyRevoked(self.actor, self.network_id)
            case JoinKeyState.EXPIRED:
                raise JoinKeyExpired(self.actor, self.network_id)
            case JoinKeyState.USED_UP:
                raise JoinKeyUsedUp(self.used, self.actor, self.network_id)
            case JoinKeyState.ACTIVE:
                return

    def sees(self, network_id: NetworkId) -> bool:
        return network_id == self.network_id

    def caller(self, source: str | None, request_id: str | None = None) -> Caller:
        return Caller(self.actor, source, request_id)


@dataclass(frozen=True, slots=True)
class Join:
    """Which peer a machine became by a key; kept as long as the key is."""

    key_id: JoinKeyId
    device: DeviceHash
    peer_id: PeerId
    kept_until: datetime


def device_hash(device_key: str) -> DeviceHash:
    return DeviceHash(hashlib.sha256(device_key.encode()).hexdigest())
