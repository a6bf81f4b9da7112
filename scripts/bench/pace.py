"""How fast Python is on this machine now, so that times taken on a slow or busy one can be judged.

The reference is the machine on which the bars were set: two cores of an AMD EPYC, Python 3.11, nothing beside it.
"""

import statistics
import time
from ipaddress import ip_network

REFERENCE_MS = 20.0
CIDRS = tuple(f"10.{n >> 8}.{n & 255}.0/24" for n in range(5_000))
TAKES = 9


def baseline_ms() -> float:
    """Processor time of this thread: parse and sort 5,000 CIDRs."""
    began = time.thread_time()
    sorted(map(ip_network, CIDRS))
    return (time.thread_time() - began) * 1000


def slowness() -> float:
    """How many times as long as the reference this machine takes now."""
    return statistics.median(baseline_ms() for _ in range(TAKES)) / REFERENCE_MS
