"""JSON in and out of the shapes, and the hash by which both sides name a bundle."""

import hashlib
from typing import TypeVar

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


def bundle_hash(bundle: bytes) -> str:
    """SHA-256 (hex) of a full bundle as sent, without generation and revision.

    Taken over sorted compact JSON, so it does not depend on key order, and over the raw
    bytes rather than a decoded shape, so an older agent agrees with a newer server.
    """
    content = msgspec.json.decode(bundle, type=dict[str, object])
    content.pop("generation", None)
    content.pop("revision", None)
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
