"""Bundles and deltas as they came, and what they make of one another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from agent.errors import BundleRefused, DeltaRefused
from chalicelib.wire.bundle import Bundle, BundlePeer, Record
from chalicelib.wire.codec import content_hash, content_of
from chalicelib.wire.delta import Delta, Misfit, patched
from chalicelib.wire.signing import Subject

Shape = TypeVar("Shape")


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
    """A whole bundle; `chain`: what it came by, the whole one and the deltas to it.

    `content`: its plain values, with fields this agent does not know yet.
    """

    bundle: Bundle
    content: dict[str, Any] = field(repr=False, compare=False)
    hash: str
    chain: tuple[Received, ...] = field(repr=False)

    @property
    def version(self) -> Version:
        return Version(self.bundle.generation, self.bundle.revision)

    @property
    def received(self) -> Received:
        return self.chain[-1]

    @property
    def deltas(self) -> int:
        return len(self.chain) - 1


@dataclass(frozen=True, slots=True)
class TrialBundle:
    """A bundle whose trial was under way at the last crash or stop; `refused`: why it was rolled back."""

    fetched: Fetched
    refused: str | None = None


def received(body: str, signature: str) -> Received:
    """A body as it came. A delta is told by what it says: proxies may touch any header.

    Raises:
        msgspec.DecodeError: it is no JSON object.
    """
    return Received(body, signature, is_delta=msgspec.json.decode(body, type=_Since).since is not None)


def whole(received: Received) -> Fetched:
    """Raises BundleRefused: it is none."""
    try:
        return _fetched(content_of(received.body.encode()), (received,))
    except msgspec.DecodeError as malformed:
        raise BundleRefused(f"the bundle cannot be read: {malformed}") from malformed


def applied_to(base: Fetched, received: Received) -> Fetched:
    """Raises DeltaRefused: it does not fit, or says what this agent does not understand."""
    try:
        content = patched(base.content, msgspec.json.decode(received.body, type=Delta))
        return Fetched(_parsed(content, base), content, content_hash(content), (*base.chain, received))
    except (msgspec.DecodeError, Misfit) as unusable:
        raise DeltaRefused(str(unusable)) from unusable


def made_of(chain: Iterable[Received], base: Fetched | None = None) -> Fetched | None:
    """What whole bundles and deltas make of one another, in their order.

    Raises:
        BundleRefused, DeltaRefused: one of them does not fit.
    """
    for received in chain:
        base = applied_to(base, received) if received.is_delta and base is not None else whole(received)
    return base


def subject_of(received: Received, network_id: str, peer_id: str) -> Subject:
    """What its signature has to speak of. Raises msgspec.DecodeError."""
    said = msgspec.json.decode(received.body, type=_Versioned)
    return Subject("delta" if received.is_delta else "bundle", network_id, peer_id, said.generation, said.revision)


class _Since(msgspec.Struct, frozen=True):
    since: int | None = None


class _Versioned(msgspec.Struct, frozen=True):
    generation: int
    revision: int


def _fetched(content: dict[str, Any], chain: tuple[Received, ...]) -> Fetched:
    return Fetched(msgspec.convert(content, Bundle), content, content_hash(content), chain)


def _parsed(content: dict[str, Any], base: Fetched) -> Bundle:
    """With the peers and records of the bundle before, where they stay: of thousands, a delta changes few."""
    peers = _converted(content["peers"], BundlePeer, base.content["peers"], base.bundle.peers)
    records = _converted(content["dns"]["records"], Record, base.content["dns"]["records"], base.bundle.dns.records)
    emptied = {**content, "peers": [], "dns": {**content["dns"], "records": []}}
    rest = msgspec.convert(emptied, Bundle)
    dns = msgspec.structs.replace(rest.dns, records=records)
    return msgspec.structs.replace(rest, peers=peers, dns=dns)


def _converted(
    plain: Sequence[Any], shape: type[Shape], before: Sequence[Any], converted: Sequence[Shape]
) -> list[Shape]:
    known = dict(zip(map(id, before), converted, strict=True))
    return [known.get(id(one)) or msgspec.convert(one, shape) for one in plain]
