"""A network: its ranges, its settings, and the state that makes its changes serial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from chalicelib.domain.cidr import Cidr
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.network.addresses import (
    FIRST_INDEX,
    Reservation,
    Span,
    address_at,
    last_index,
    require_room,
    subtract,
    united,
)
from chalicelib.domain.network.errors import CidrDoesNotFit, ReservationNotFound, ReservationsOverlap


def default_domain(name: str) -> str:
    """The domain of a network of this name, unless another is asked for."""
    return f"{name}.internal"


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """The network's secret, sealed by the deployment's key; preshared keys are derived from it."""

    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`next_index`: every index below it was handed out once, but for `gaps`. `peers`: how many
    exist; `routers`: how many regular ones have CIDRs behind them. `preferences`: each jump with
    the number of regular peers that prefer it. `down`: jumps marked down for all. `epoch`: of
    preshared keys. `acl_version`: 0 without an ACL. `settings_revision`: that of the newest change of what a
    person sets; None: it was stored before that was kept, see `version`."""

    id: NetworkId
    name: str
    cidr: IPv4Network
    cidr_v6: IPv6Network | None
    domain: str
    dns: tuple[str, ...]
    revision: Revision
    secret: SealedSecret
    next_index: int = FIRST_INDEX
    gaps: tuple[Span, ...] = ()
    reserved: tuple[Reservation, ...] = ()
    peers: int = 0
    routers: int = 0
    preferences: Mapping[PeerId, int] = field(default_factory=dict)
    down: frozenset[PeerId] = frozenset()
    epoch: int = 1
    acl_version: int = 0
    settings_revision: Revision | None = None
    is_deleting: bool = False
    created_at: datetime
    updated_at: datetime

    @property
    def cidrs(self) -> tuple[Cidr, ...]:
        return (self.cidr,) if self.cidr_v6 is None else (self.cidr, self.cidr_v6)

    @property
    def version(self) -> Revision:
        """Of its settings: agents' reports and changes of peers do not raise it."""
        return self.settings_revision or self.revision

    def advanced(self, at: datetime) -> "Network":
        """The network one revision later, with the settings it has."""
        return replace(self, revision=Revision(self.revision + 1), settings_revision=self.version, updated_at=at)

    def with_other_settings(self, at: datetime) -> "Network":
        """The network one revision later, which made its settings what they are."""
        later = self.advanced(at)
        return replace(later, settings_revision=later.revision)

    # ---- addresses ------------------------------------------------------------------------------

    def fresh(self) -> tuple[Span, ...]:
        """Spans the cursor has not reached and that are not reserved, in the order they are handed out."""
        return tuple(subtract(Span(self.next_index, last_index(self.cidr)), self._reserved()))

    def passed_over(self) -> tuple[Span, ...]:
        """Spans the cursor passed while they were reserved, and that are not any more."""
        return tuple(piece for gap in self.gaps for piece in subtract(gap, self._reserved()))

    def is_reserved(self, index: int) -> bool:
        return any(index in span for span in self._reserved())

    def is_assignable(self, index: int) -> bool:
        return index in Span(FIRST_INDEX, last_index(self.cidr)) and not self.is_reserved(index)

    def handed_out(self, index: int, looked_at: Sequence[Span]) -> "Network":
        """Remember that an index never given before was handed out, and what was looked at for it: none of that
        is free."""
        gaps = tuple(piece for gap in self.gaps for piece in subtract(gap, looked_at))
        return replace(self, gaps=gaps, next_index=max(self.next_index, index + 1))

    def with_reservation(self, new: Reservation) -> "Network":
        """Raises ReservationsOverlap."""
        for known in self.reserved:
            if subtract(known.span, [new.span]) != (known.span,):
                raise ReservationsOverlap(self._written(known.span))
        return replace(self, reserved=tuple(sorted((*self.reserved, new), key=lambda known: known.span)))

    def without_reservation(self, span: Span) -> "Network":
        """Its indexes can be handed out again, also those the cursor has passed.

        Raises:
            ReservationNotFound: no reservation is exactly this one.
        """
        left = tuple(known for known in self.reserved if known.span != span)
        if len(left) == len(self.reserved):
            raise ReservationNotFound(self._written(span))
        passed = Span(span.first, min(span.last, self.next_index - 1))
        gaps = united((*self.gaps, passed)) if passed.size else self.gaps
        return replace(self, reserved=left, gaps=gaps)

    def grows_to(self, cidr: IPv4Network, cidr_v6: IPv6Network | None) -> bool:
        """Whether every peer keeps its addresses: same origins, and no range smaller or gone."""
        if cidr.network_address != self.cidr.network_address or cidr.prefixlen > self.cidr.prefixlen:
            return False
        if self.cidr_v6 is None or cidr_v6 is None:
            return self.cidr_v6 is None
        return cidr_v6.network_address == self.cidr_v6.network_address and cidr_v6.prefixlen <= self.cidr_v6.prefixlen

    def readdressed(self, cidr: IPv4Network, cidr_v6: IPv6Network | None, highest: int) -> "Network":
        """The network with other ranges: every peer keeps its index.

        Args:
            highest: the highest index a peer holds, 0 without any.

        Raises:
            Invalid: the IPv6 range has too few addresses.
            CidrDoesNotFit: an index in use has no host address in the new range.
        """
        require_room(cidr, cidr_v6)
        if highest > last_index(cidr):
            raise CidrDoesNotFit(str(cidr), f"{address_at(self.cidr, highest)} is in use")
        if any(known.span.last > last_index(cidr) for known in self.reserved):
            raise CidrDoesNotFit(str(cidr), "a reserved range reaches beyond it; remove that first")
        return replace(self, cidr=cidr, cidr_v6=cidr_v6)

    def _reserved(self) -> tuple[Span, ...]:
        return tuple(known.span for known in self.reserved)

    def _written(self, span: Span) -> str:
        return f"{address_at(self.cidr, span.first)}-{address_at(self.cidr, span.last)}"

    # ---- jumps ----------------------------------------------------------------------------------

    def preferring(self, before: PeerId | None, after: PeerId | None) -> "Network":
        """Count a regular peer that preferred one jump and now prefers another; None stands for no jump."""
        counts = dict(self.preferences)
        for jump_id, step in ((before, -1), (after, 1)):
            if jump_id is not None and jump_id in counts:
                counts[jump_id] += step
        return replace(self, preferences=counts)

    def with_jump(self, jump_id: PeerId) -> "Network":
        return replace(self, preferences={**self.preferences, jump_id: 0})

    def without_jump(self, jump_id: PeerId) -> "Network":
        left = {known: count for known, count in self.preferences.items() if known != jump_id}
        return replace(self, preferences=left, down=self.down - {jump_id})

    def least_preferred_jump(self) -> PeerId | None:
        """The jump that the fewest regular peers prefer, the oldest of equals."""
        return min(self.preferences, key=lambda jump_id: (self.preferences[jump_id], jump_id), default=None)
