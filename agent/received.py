"""Bundles and deltas as they came, and what they make of one another."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from agent.errors import BundleRefused, DeltaRefused
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import content_hash, content_of
from chalicelib.wire.delta import Delta, Misfit, patched
from chalicelib.wire.signing import Subject


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """What a bundle is newer by: the generation first."""

    generation: int = 0
    revision: int = 0


class Received(msgspec.Struct, frozen=True):
    """A body as it came, with its signature: what goes to the disk."""

    body: str
    signature: str
    is_delta: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole bundle; `received`: what it came by, itself or the last of `deltas` deltas to it.

    `content`: its plain values, with fields this agent does not know yet.
    """

    bundle: Bundle
    content: dict[str, Any] = field(repr=False, compare=False)
    hash: str
    received: Received = field(repr=False)
    deltas: int = 0

    @property
    def version(self) -> Version:
        return Version(self.bundle.generation, self.bundle.revision)


def whole(received: Received) -> Fetched:
    """Raises BundleRefused: it is none."""
    try:
        return _fetched(content_of(received.body.encode()), received, deltas=0)
    except msgspec.DecodeError as malformed:
        raise BundleRefused(f"the bundle cannot be read: {malformed}") from malformed


def applied_to(base: Fetched, received: Received) -> Fetched:
    """Raises DeltaRefused: it does not fit, or says what this agent does not understand."""
    try:
        delta = msgspec.json.decode(received.body, type=Delta)
        return _fetched(patched(base.content, delta), received, deltas=base.deltas + 1)
    except (msgspec.DecodeError, Misfit) as unusable:
        raise DeltaRefused(str(unusable)) from unusable


def subject_of(received: Received, network_id: str, peer_id: str) -> Subject:
    """What its signature has to speak of. Raises msgspec.DecodeError."""
    said = msgspec.json.decode(received.body, type=_Versioned)
    return Subject("delta" if received.is_delta else "bundle", network_id, peer_id, said.generation, said.revision)


class _Versioned(msgspec.Struct, frozen=True):
    generation: int
    revision: int


def _fetched(content: dict[str, Any], received: Received, deltas: int) -> Fetched:
    return Fetched(msgspec.convert(content, Bundle), content, content_hash(content), received, deltas)
