"""IPv4 and IPv6 addresses of one name, so that a dead family does not starve the other."""

from collections.abc import Iterable


def interleaved(found: Iterable[str], first: int | None = None) -> list[str]:
    """Addresses so that families take turns (RFC 8305, section 4); each keeps its order.

    `first`: the version to begin with; None: that of the first one.
    """
    once = list(dict.fromkeys(found))
    by_version: dict[int, list[str]] = {4: [], 6: []}
    for address in once:
        by_version[version_of(address)].append(address)
    lead = first or (version_of(once[0]) if once else 4)
    leading, others = by_version[lead], by_version[10 - lead]
    longest = max(len(leading), len(others))
    return [one[at] for at in range(longest) for one in (leading, others) if at < len(one)]


def version_of(address: str) -> int:
    return 6 if ":" in address else 4
