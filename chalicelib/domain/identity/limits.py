"""How often somebody may call: so many times in each minute of the clock.

A window of the clock, not a bucket that refills: counting a call is one conditional addition, where a bucket must first
be read to know what has flowed in since. At the turn of a minute up to twice as many calls pass at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

WINDOW = timedelta(minutes=1)
V6_PREFIX = 64  # what one subscriber is given at the least (RFC 6177): all of it is one caller


class Limit(StrEnum):
    """What is counted. `WRITES`: calls that change something, of one person or API token. The others of one source
    address: `ENROLLMENTS`, enrolling and joining; `SESSIONS`, opening an agent's session; `REFUSALS`, calls whose
    credential was refused."""

    WRITES = "writes"
    ENROLLMENTS = "enrollments"
    SESSIONS = "sessions"
    REFUSALS = "refusals"


Allowances = Mapping[Limit, int]
"""The most in a minute."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What calls are counted together: of one subject, within one minute."""

    limit: Limit
    subject: str
    since: datetime

    @property
    def until(self) -> datetime:
        return self.since + WINDOW


def counted(limit: Limit, subject: str, now: datetime) -> Counted:
    return Counted(limit, subject, now.replace(second=0, microsecond=0))


def subject_of(source: str) -> str:
    """Whom an address stands for: itself, of IPv6 the network that its host may choose addresses from."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        return f"{IPv6Address(int(address) >> (128 - V6_PREFIX) << (128 - V6_PREFIX))}/{V6_PREFIX}"
    return str(address)
