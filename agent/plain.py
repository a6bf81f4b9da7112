"""Texts of others, harmless to terminals and logs."""

MOST = 300  # characters


def plain(text: str, most: int = MOST) -> str:
    """On one line, cut, and what would move the cursor, colour or reorder the text written as its code."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in cut)
