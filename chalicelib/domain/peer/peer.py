"""A peer: what it is, and what its agent proved at enrolment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.cidr import Cidr
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PeerId, Prefix, PrincipalId, Revision
from chalicelib.domain.peer.errors import EnrollmentRefused
from chalicelib.domain.text import plain_label


class Kind(StrEnum):
    """Never changes after creation."""

    JUMP = "jump"
    DYNAMIC = "dynamic"
    STATIC = "static"

    @property
    def prefix(self) -> Prefix:
        """Of the ids of such peers."""
        return PREFIXES[self]


PREFIXES: Mapping[Kind, Prefix] = {Kind.JUMP: "jmp", Kind.DYNAMIC: "dyn", Kind.STATIC: "sta"}


class Rotation(StrEnum):
    """What a person asked of a peer's keys: a new pair; then, of a jump, not to wait for stragglers."""

    WANTED = "wanted"
    FORCED = "forced"


@dataclass(frozen=True, slots=True)
class Host:
    """What an agent says of its machine."""

    hostname: str
    os: str
    agent_version: str


IPV6_MTU = 1280  # the least that a link with IPv6 has: RFC 8200 section 5
ADMISSION_LENGTH = 16  # of a token's hash in hexadecimal: 64 bits, told to nobody
MANUAL = "manual"  # in `blocked_by`: a person's word, beside incidents


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What a peer is. `None` and empty mean "not set".

    `index`: host index, see ipam. `dns_label`: its own in the network, see `label`. `public_key` None: not
    enrolled; `keyed_since`: the revision that made its first key known. `staged_key`: the next one,
    announced, held by the others since `staged_since`; `retired_key`: the last one; see rotation.
    `endpoint`: a jump's host without port; `published_port`: where others reach it, None: at `listen_port`.
    `routed_cidrs`: those of a jump's `additional_allowed_ips` that are not masqueraded.
    `preferred_jump_id`: where a regular peer's homes begin; `avoids`: jumps marked down for it alone.
    `home_id`, `issued`: of a static peer's file: the jump it names, fixed once chosen; digests of its lines
    by key (see profile). `awaits_approval`: it joined by a key, and nobody has said yet that it may.
    `is_ephemeral`: it vanishes when it leaves, or is away for a time. `epoch`: of its preshared keys: the one its
    file was issued with, or the newest that its agent said it holds. `blocked_by`: MANUAL and ids of incidents.
    `settings_revision`: that of the newest change of what a person sets; None: it was stored before that was kept,
    see `version`.
    """

    id: PeerId
    network_id: NetworkId
    name: str
    kind: Kind
    index: int
    dns_label: str | None = None
    public_key: str | None = None
    keyed_since: Revision | None = None
    staged_key: str | None = None
    staged_since: Revision | None = None
    retired_key: str | None = None
    rotation: Rotation | None = None
    endpoint: str | None = None
    endpoint_guessed: bool = False
    listen_port: int | None = None
    published_port: int | None = None
    is_isolated: bool = False
    full_encapsulation: bool = False
    additional_allowed_ips: tuple[Cidr, ...] = ()
    routed_cidrs: tuple[Cidr, ...] = ()
    persistent_keepalive: int | None = None
    mtu: int | None = None
    dns: tuple[str, ...] | None = None
    preferred_jump_id: PeerId | None = None
    avoids: frozenset[PeerId] = frozenset()
    home_id: PeerId | None = None
    epoch: int | None = None
    issued: Mapping[str, str] | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    owner_id: PrincipalId | None = None
    blocked_by: tuple[str, ...] = ()
    awaits_approval: bool = False
    is_ephemeral: bool = False
    settings_revision: Revision | None = None
    created_at: datetime
    updated_at: datetime
    revision: Revision

    @property
    def version(self) -> Revision:
        """Of its settings: what its agent reports, and where its home is, do not raise it."""
        return self.settings_revision or self.revision

    @property
    def label(self) -> str:
        """Its name in DNS; of what was stored before labels were, as they were derived then."""
        return self.dns_label or plain_label(self.name)

    @property
    def is_jump(self) -> bool:
        return self.kind is Kind.JUMP

    @property
    def is_too_small_for_ipv6(self) -> bool:
        return self.mtu is not None and self.mtu < IPV6_MTU

    @property
    def is_run_by_agent(self) -> bool:
        return self.kind is not Kind.STATIC

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocked_by)

    @property
    def is_cut_off(self) -> bool:
        """Whether its own configuration lists nobody."""
        return self.is_blocked or self.awaits_approval

    @property
    def is_listed(self) -> bool:
        """Whether it stands in others' configurations: its key is known, and it is not cut off."""
        return self.public_key is not None and not self.is_cut_off

    @property
    def keys(self) -> frozenset[str]:
        """The public keys that are its own in the network, claimed like its address."""
        return frozenset(filter(None, (self.public_key, self.staged_key, self.retired_key)))

    @property
    def announced_port(self) -> int | None:
        """What others are told of a jump whose host binds `listen_port`."""
        return self.published_port or self.listen_port

    @property
    def is_router(self) -> bool:
        """A regular peer with CIDRs behind it."""
        return not self.is_jump and bool(self.additional_allowed_ips)

    def rekeyed(self, public_key: str | None) -> "Peer":
        """With another machine's key, or none: what the one before had staged and retired is over."""
        over = replace(self, staged_key=None, staged_since=None, retired_key=None, rotation=None)
        return replace(over, public_key=public_key)

    def blocked(self, by: str) -> "Peer":
        return replace(self, blocked_by=tuple(sorted({*self.blocked_by, by})))

    def unblocked(self, by: str) -> "Peer":
        return replace(self, blocked_by=tuple(one for one in self.blocked_by if one != by))


@dataclass(frozen=True, slots=True)
class EnrollmentToken:
    """A one-time token's record. `device_key` is set by the first use; `left_by`: the one that gave it up.

    The same token with the same keys is answered again until it expires, so a lost answer
    burns nothing; with other keys it is refused.
    """

    secret: Secret
    expires_at: datetime
    device_key: str | None = None
    left_by: str | None = None

    @property
    def admission(self) -> str:
        """What sessions of the machine that used this token are known by: another with each token."""
        return self.secret[:ADMISSION_LENGTH]

    def used_by(self, device_key: str, now: datetime) -> "EnrollmentToken":
        """Use the token.

        Raises:
            EnrollmentRefused: expired, used with another device key, or given up.
        """
        if self.left_by is not None:
            raise EnrollmentRefused("was used by a machine that has left")
        if now >= self.expires_at:
            raise EnrollmentRefused("has expired")
        if self.device_key is not None and self.device_key != device_key:
            raise EnrollmentRefused("was used by another machine")
        return replace(self, device_key=device_key)

    def given_up(self, device_key: str) -> "EnrollmentToken":
        """End what this device key proves; that it left can be said to it again."""
        return replace(self, device_key=None, left_by=device_key)


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """A peer with its credentials, as stored in one item. `refused_until`: its agent gets no session before, as it sent
    too much; None: it behaves."""

    peer: Peer
    enrollment: EnrollmentToken | None
    refused_until: datetime | None = None

    @property
    def device_key(self) -> str | None:
        return None if self.enrollment is None else self.enrollment.device_key

    def is_refused(self, now: datetime) -> bool:
        return self.refused_until is not None and now < self.refused_until

    def admits(self, admission: str) -> bool:
        """Whether a session of this admission is one of the machine that runs the peer now."""
        enrollment = self.enrollment
        return enrollment is not None and enrollment.device_key is not None and enrollment.admission == admission


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is kept of a deleted peer for TOMBSTONE_LIFETIME, so that its agent can be told."""

    network_id: NetworkId
    peer_id: PeerId
    device_key: str | None
    revision: Revision
    deleted_at: datetime
