"""JSON in and out of the shapes, and the hash by which both sides name a bundle."""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body a client sends: an unknown field is an error, never ignored."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A body or frame a reader takes with fields it does not know yet."""


def encode(shape: object) -> bytes:
    return msgspec.json.encode(shape)


def decode(body: bytes | str, shape: type[Shape]) -> Shape:
    """Parse one body.

    Raises:
        msgspec.DecodeError: not JSON.
        msgspec.ValidationError (a DecodeError too): JSON of another shape.
    """
    return msgspec.json.decode(body, type=shape)


def canonical(values: object) -> bytes:
    """Plain values as compact JSON with sorted names: the same bytes however they were written."""
    return msgspec.json.encode(values, order="deterministic")


def content_of(bundle: bytes) -> dict[str, Any]:
    """A full bundle as plain values: what deltas are applied to, with fields a reader does not know yet."""
    return msgspec.json.decode(bundle, type=dict[str, Any])


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a full bundle, without generation and revision.

    Taken over sorted compact JSON, so it does not depend on key order, and over plain values
    rather than a decoded shape, so an older agent agrees with a newer server.
    """
    named = {name: value for name, value in content.items() if name not in ("generation", "revision")}
    return hashlib.sha256(canonical(named)).hexdigest()
