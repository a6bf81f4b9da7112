"""Changing the fields of a peer: which kind has which, and how they hang together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.cidr import Cidr
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import PeerId, PrincipalId, Revision
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.text import is_address
from chalicelib.domain.unset import UNSET, Unset, given

OF_ALL = frozenset(
    {
        "name",
        "listen_port",
        "additional_allowed_ips",
        "persistent_keepalive",
        "mtu",
        "tags",
        "metadata",
        "owner_id",
    }
)
OF_JUMPS = OF_ALL | {"endpoint", "published_port", "routed_cidrs"}
OF_REGULAR = OF_ALL | {"is_isolated", "full_encapsulation", "preferred_jump_id", "dns"}
SETTINGS = OF_JUMPS | OF_REGULAR | {"blocked_by"}
"""What a person decides of a peer, rather than its agent or the control plane."""

CLEARED: Mapping[str, Any] = {
    "is_isolated": False,
    "full_encapsulation": False,
    "additional_allowed_ips": (),
    "routed_cidrs": (),
    "tags": (),
    "metadata": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerPatch:
    """The fields that are to be others, parsed; None clears one."""

    name: str | Unset | None = UNSET
    endpoint: str | Unset | None = UNSET
    listen_port: int | Unset | None = UNSET
    published_port: int | Unset | None = UNSET
    is_isolated: bool | Unset | None = UNSET
    full_encapsulation: bool | Unset | None = UNSET
    additional_allowed_ips: tuple[Cidr, ...] | Unset | None = UNSET
    routed_cidrs: tuple[Cidr, ...] | Unset | None = UNSET
    persistent_keepalive: int | Unset | None = UNSET
    mtu: int | Unset | None = UNSET
    dns: tuple[str, ...] | Unset | None = UNSET
    preferred_jump_id: PeerId | Unset | None = UNSET
    tags: tuple[str, ...] | Unset | None = UNSET
    metadata: Mapping[str, str] | Unset | None = UNSET
    owner_id: PrincipalId | Unset | None = UNSET


def patched(peer: Peer, patch: PeerPatch) -> Peer:
    """The peer with other fields. Of another kind's fields it may be said that they are not set.

    Raises:
        Invalid: a field of another kind, a name cleared, or a routed CIDR that is not behind the jump.
    """
    known = OF_JUMPS if peer.kind is Kind.JUMP else OF_REGULAR
    values: dict[str, Any] = {
        name: CLEARED.get(name) if value is None else value for name, value in given(patch).items()
    }
    foreign = [name for name in values if name not in known]
    errors = [(name, f"A {peer.kind} peer has no {name}.") for name in foreign if values.pop(name) != CLEARED.get(name)]
    if patch.name is None:
        errors.append(("name", "A peer has a name; it cannot be cleared."))
    if errors:
        raise Invalid(errors)
    if "endpoint" in values:
        values["endpoint_guessed"] = False
    after = replace(peer, **values)
    require_dns_fits(after.kind, after.dns)
    if "routed_cidrs" in values:
        require_routed_behind(after)
        return after
    return replace(
        after, routed_cidrs=tuple(cidr for cidr in after.routed_cidrs if cidr in after.additional_allowed_ips)
    )


def revised(before: Peer, after: Peer, revision: Revision, at: datetime) -> Peer:
    """The peer after a change, as of its revision; so are its settings where one of them differs."""
    is_set_anew = any(getattr(before, name) != getattr(after, name) for name in SETTINGS)
    settings = revision if is_set_anew else before.version
    return replace(after, revision=revision, settings_revision=settings, updated_at=at)


def require_dns_fits(kind: Kind, dns: Sequence[str] | None) -> None:
    """Raises Invalid: search domains are of files; an agent's host asks its own resolvers, by address."""
    if kind is not Kind.STATIC and not all(map(is_address, dns or ())):
        raise Invalid([("dns", f"A {kind} peer's dns are addresses; search domains stand in files of static peers.")])


def require_routed_behind(peer: Peer) -> None:
    """Raises Invalid: what is routed rather than masqueraded stands behind the jump in the first place."""
    for n, cidr in enumerate(peer.routed_cidrs):
        if cidr not in peer.additional_allowed_ips:
            raise Invalid([(f"routed_cidrs[{n}]", f"{cidr} is not one of additional_allowed_ips.")])
