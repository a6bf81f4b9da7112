"""Tokens, and what proves one."""

import pytest

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.tokens import Token, parse_token
from tests.domain.tokens import TOKEN


def test_a_token_never_shows_its_secret_but_in_its_text() -> None:
    assert "s3cret" not in repr(TOKEN)
    assert parse_token(TOKEN.text(), "wirety_enroll") == TOKEN


@pytest.mark.parametrize("text", ["", "x", "wirety_enroll..s", "wirety_enroll.a.b.c", "wirety_api.tok.s"])
def test_what_is_no_token_of_the_kind_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_token(text, "wirety_enroll")


def test_only_the_secret_itself_proves() -> None:
    assert TOKEN.proves(TOKEN.hashed())
    assert not Token(TOKEN.prefix, TOKEN.record, "other").proves(TOKEN.hashed())
