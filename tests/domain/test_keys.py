"""Public keys as text."""

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.keys import parse_public_key
from tests.builders import a_key


@pytest.mark.parametrize("text", ["", "abc", "A" * 44, a_key()[:-1], a_key() + "=", " " + a_key(), "A" * 43 + "="])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_public_key("public_key", text)


def test_a_public_key_is_kept_as_it_is() -> None:
    assert parse_public_key("public_key", a_key()) == a_key()
