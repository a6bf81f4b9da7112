"""Changing the settings of a network."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from chalicelib.domain.unset import UNSET, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPatch:
    """The settings that are to be others, parsed. `cidr_v6` None: no IPv6. `domain` None: the default one."""

    name: str | Unset = UNSET
    cidr: IPv4Network | Unset = UNSET
    cidr_v6: IPv6Network | Unset | None = UNSET
    domain: str | Unset | None = UNSET
    dns: tuple[str, ...] | Unset = UNSET
