"""What a patch says of a field that it leaves alone."""

from dataclasses import fields
from enum import Enum
from typing import Any, Final, Literal


class Unset(Enum):
    """The field is as it was; `None` is a value that some fields have."""

    UNSET = "unset"


UNSET: Final[Literal[Unset.UNSET]] = Unset.UNSET


def given(patch: Any) -> dict[str, Any]:
    """The fields of a patch that it sets, by name, in their order."""
    values = {one.name: getattr(patch, one.name) for one in fields(patch)}
    return {name: value for name, value in values.items() if value is not UNSET}
