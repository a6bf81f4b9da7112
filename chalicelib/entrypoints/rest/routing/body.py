"""A request's body: from JSON to a shape of `wire`, with all that does not fit named at once.

What a client read it may send back: fields of the answer that a call cannot change are set apart,
and say what is, or are refused (`require_said`).
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin, get_type_hints

import msgspec

from chalicelib.domain.errors import Invalid
from chalicelib.entrypoints.rest.routing.problems import located

MOST_ERRORS = 100  # in one answer; the detail names fewer


def parsed(raw: bytes, shape: Any, shown: Any = None) -> tuple[Any, Mapping[str, Any]]:
    """Parse a body.

    Args:
        shape: of the body.
        shown: of the answer, of which fields may be sent back; None: no others than the body's.

    Returns:
        The body, and what it says of other fields of the answer, unchecked.

    Raises:
        msgspec.DecodeError: not JSON.
        Invalid: a name stands twice in an object, or JSON of another shape.
    """
    try:
        content = msgspec.json.decode(raw)
        _require_single_names(raw)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets both through
        raise msgspec.DecodeError("it is not UTF-8, or nested too deeply") from error
    said: dict[str, Any] = {}
    if shown is not None and isinstance(content, dict):
        other = set(shown.__struct_fields__) - set(shape.__struct_fields__)
        said = {name: value for name, value in content.items() if name in other}
        content = {name: value for name, value in content.items() if name not in other}
    try:
        return msgspec.convert(content, shape), said
    except msgspec.ValidationError:
        raise Invalid(list(islice(_faults(content, shape, ""), MOST_ERRORS))) from None


def require_said(said: Mapping[str, Any], shown: Any) -> None:
    """Raises Invalid: a field that this call cannot change is to be another than it is."""
    hints = get_type_hints(type(shown), include_extras=True)
    errors = []
    for name, value in said.items():
        present = getattr(shown, name)
        if _is_not(value, present, hints[name]):
            text = msgspec.json.encode(present).decode()
            errors.append((name, f"This field is read-only, and is {text} now. Leave it out, or send what is."))
    if errors:
        raise Invalid(errors)


def _is_not(value: object, present: object, hint: Any) -> bool:
    try:
        return bool(msgspec.convert(value, hint) != present)
    except msgspec.ValidationError:
        return True


def _require_single_names(raw: bytes) -> None:
    """Raises Invalid: readers differ in which of two values of one name they take (RFC 8259 section 4)."""
    doubled: dict[str, None] = {}

    def remember(pairs: list[tuple[str, None]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                doubled[name] = None
            seen.add(name)

    json.loads(raw, object_pairs_hook=remember)
    if doubled:
        raise Invalid([(name, "This name stands twice in one object.") for name in islice(doubled, MOST_ERRORS)])


def _faults(value: Any, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    """What does not fit, each as its path and message, in the order of the body."""
    deeper = _faults_within(value, _chosen(value, shape), path)
    first = next(deeper, None)
    if first is not None:
        yield first
        yield from deeper
        return
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        where, message = located(str(error))
        yield path + (where if where.startswith("[") or not path or not where else f".{where}"), message


def _faults_within(value: Any, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    if _is_struct(shape) and isinstance(value, dict):
        yield from _faults_of_fields(value, shape, path)
    elif get_origin(shape) is list and isinstance(value, list):
        [item] = get_args(shape)
        for n, one in enumerate(value):
            yield from _faults(one, item, f"{path}[{n}]")


def _faults_of_fields(value: Mapping[str, Any], shape: type[msgspec.Struct], path: str) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(shape, include_extras=True)
    known = {one.encode_name: one for one in msgspec.structs.fields(shape)}
    for name, inner in value.items():
        where = f"{path}.{name}" if path else name
        if name in known:
            yield from _faults(inner, hints[known[name].name], where)
        elif name != shape.__struct_config__.tag_field:
            yield where, f"Object contains unknown field `{name}`."
    for name, one in known.items():
        if one.required and name not in value:
            yield f"{path}.{name}" if path else name, f"Object missing required field `{name}`."


def _chosen(value: Any, shape: Any) -> Any:
    """Of a union the member that the value is meant to be: by its tag, or the only one that it can be."""
    while get_origin(shape) is Annotated:
        shape = get_args(shape)[0]
    if get_origin(shape) not in (Union, UnionType):
        return shape
    members = [member for member in get_args(shape) if member not in (NoneType, msgspec.UnsetType)]
    if len(members) == 1:
        return _chosen(value, members[0])
    tags = {member.__struct_config__.tag: member for member in members if _is_struct(member)}
    tag_fields = {member.__struct_config__.tag_field for member in members if _is_struct(member)}
    said = [value.get(name) for name in tag_fields if name is not None] if isinstance(value, dict) else []
    return next((tags[tag] for tag in said if isinstance(tag, str) and tag in tags), shape)


def _is_struct(shape: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)
