"""What every host that forwards for a tunnel does with packets, whoever judges them; pure.

What would be forwarded only since the agent switched that on, and is neither from nor for a tunnel, is dropped.
"""

from dataclasses import dataclass

from agent.host.firewall.nftables import interfaces

TCP_IPV4_OVERHEAD_BYTES = 40
TCP_IPV6_OVERHEAD_BYTES = 60
WIRETY = '"wy*"'  # interfaces of every enrolment

OF_OTHERS = (
    "ct state established,related accept",  # as of a bridge that somebody switched on since
    "ct status dnat accept",  # somebody led it there
    "drop",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What forwards for agents alone. `ipv4`: interfaces whose packets do; `is_ipv6`: those of every interface."""

    ipv4: tuple[str, ...] = ()
    is_ipv6: bool = False


NONE_OPENED = Opened()


def came_by(opened: Opened) -> list[str]:
    """The beginning of a rule about packets that nobody else would have forwarded."""
    names = interfaces(opened.ipv4)
    lines = [f"meta nfproto ipv4 iifname {names}"] if names is not None else []
    return lines + ([f"meta nfproto ipv6 iifname != {WIRETY}"] if opened.is_ipv6 else [])


def of_others(opened: Opened) -> list[str]:
    return [f"{line} oifname != {WIRETY} goto of_others" for line in came_by(opened)]


def clamp(own: str, mtu: int) -> list[str]:
    """The rules that set the MSS of TCP, in both directions, to what fits: the kernel only ever lowers it."""
    sizes = (("ipv4", mtu - TCP_IPV4_OVERHEAD_BYTES), ("ipv6", mtu - TCP_IPV6_OVERHEAD_BYTES))
    return [
        f"{side} {own} meta nfproto {family} tcp flags syn / syn,rst tcp option maxseg size set {size}"
        for side in ("iifname", "oifname")
        for family, size in sizes
    ]
