"""What an answer says of when to ask again."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """In how many seconds, by a number or by a date of the answer's own clock; None: it says nothing.

    Source: RFC 9110, section 10.2.3.
    """
    named = {name.lower(): value.strip() for name, value in headers.items()}
    said = named.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        at_s = parsedate_to_datetime(said).timestamp()
        now_s = parsedate_to_datetime(named["date"]).timestamp() if "date" in named else time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, at_s - now_s)
