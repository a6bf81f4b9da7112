"""Texts of others, before they reach a terminal."""

from agent.plain import plain


def test_what_would_do_something_to_a_terminal_is_written_as_its_code() -> None:
    assert plain("\x1b[2J\x07 \n \u202e \u2028 \x9b \ud800") == r"\x1b[2J\x07 \n \u202e \u2028 \x9b \ud800"
    assert plain("a name: Zoë, 日本") == "a name: Zoë, 日本"


def test_a_long_text_is_cut() -> None:
    assert plain("x" * 300) == "x" * 300
    assert plain("x" * 301) == "x" * 299 + "…"
