"""A peer: what it is, and what its agent proved at enrolment."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.errors import EnrollmentRefused
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.ipam import Cidr
from chalicelib.domain.text import label_of
from chalicelib.domain.tokens import Secret


class Kind(StrEnum):
    """Never changes after creation."""

    JUMP = "jump"
    DYNAMIC = "dynamic"
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class Host:
    """What an agent says of its machine."""

    hostname: str
    os: str
    agent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`index`: host index, see ipam. `endpoint`: host without port. `public_key` None: not
    enrolled. `home_id`: the jump a static peer's file names, fixed once chosen."""

    id: PeerId
    network_id: NetworkId
    name: str
    kind: Kind
    index: int
    public_key: str | None
    endpoint: str | None
    endpoint_guessed: bool
    listen_port: int | None
    additional_allowed_ips: tuple[Cidr, ...]
    persistent_keepalive: int | None
    mtu: int | None
    home_id: PeerId | None
    created_at: datetime
    updated_at: datetime
    revision: Revision

    @property
    def label(self) -> str:
        return label_of(self.name)

    @property
    def is_run_by_agent(self) -> bool:
        return self.kind is not Kind.STATIC


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A one-time token's record. `device_key` is set by the first use.

    The same token with the same keys is answered again until it expires, so a lost answer
    burns nothing; with other keys it is refused.
    """

    secret: Secret
    expires_at: datetime
    device_key: str | None = None

    def used_by(self, device_key: str, now: datetime) -> "Enrollment":
        """Use the token.

        Raises:
            EnrollmentRefused: expired, or used with another device key.
        """
        if now >= self.expires_at:
            raise EnrollmentRefused("has expired")
        if self.device_key is not None and self.device_key != device_key:
            raise EnrollmentRefused("was used by another machine")
        return replace(self, device_key=device_key)


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """A peer with its credentials, as stored in one item."""

    peer: Peer
    enrollment: Enrollment | None

    @property
    def device_key(self) -> str | None:
        return None if self.enrollment is None else self.enrollment.device_key


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is kept of a deleted peer for TOMBSTONE_LIFETIME, so that its agent can be told."""

    network_id: NetworkId
    peer_id: PeerId
    device_key: str | None
    revision: Revision
    deleted_at: datetime
