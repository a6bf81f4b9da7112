"""Lets the kernel forward what a tunnel needs, and no more; and takes it back.

For IPv4 the interfaces by which packets come are switched one by one, so the host as a whole (`ip_forward`) becomes
no router, and its other settings stay, which that switch would reset. IPv6 has but one switch; those of the single
interfaces say which of them are a router's, and stay as they are: so router advertisements go on to be heard, and
`default` shows whether somebody else switched forwarding on. What comes in by interfaces that were switched on here
and is not for the tunnel is dropped by the agent's own table (`Opened`), until somebody switches on the whole host.

Source: Linux Documentation/networking/ip-sysctl: ip_forward, conf/*/forwarding, accept_ra.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from agent.adapters.linux.kernel_settings import KernelSettings
from agent.host.firewall.passing import Opened

IPV4_ALL = "ipv4/ip_forward"
IPV6_ALL = "ipv6/conf/all/forwarding"
IPV6_DEFAULT = "ipv6/conf/default/forwarding"


@dataclass(frozen=True, slots=True)
class Forwarding:
    settings: KernelSettings

    def is_due(self, interfaces: Iterable[str], has_ipv6: bool) -> bool:
        """Whether the kernel does not forward yet what comes by the tunnel, or by these."""
        own = _of_ipv4(self.settings.interface)
        others = [name for name in map(_of_ipv4, interfaces) if self.settings.value(name) is not None]
        return any(not self.settings.is_made(name, "1") for name in [own, *others, *self._ipv6(has_ipv6)])

    def enable(self, interfaces: Iterable[str], has_ipv6: bool) -> None:
        """Switch forwarding on; what is on already is not written.

        Raises:
            ToolFailed: /proc/sys cannot be written.
        """
        for name in map(_of_ipv4, (self.settings.interface, *interfaces)):
            if self.settings.value(name) is not None:
                self.settings.make(name, "1")
        for name in self._ipv6(has_ipv6):
            if not self.settings.is_made(name, "1"):
                with self._routers_kept(), self._single_ones_kept():
                    self.settings.make(name, "1")

    def is_possible(self, interfaces: Iterable[str], has_ipv6: bool) -> bool:
        """Whether /proc/sys can be written, or nothing is to be written."""
        return not self.is_due(interfaces, has_ipv6) or os.access(self.settings.net / IPV4_ALL, os.W_OK)

    def opened(self, interfaces: Iterable[str], has_ipv6: bool) -> Opened:
        """The interfaces that forward only because an agent switched that on, once it is enabled."""
        names = {one: _of_ipv4(one) for one in interfaces}
        return Opened(
            ipv4=tuple(one for one, name in names.items() if self._is_ours(name) and not self._is_claimed(name)),
            is_ipv6=any(self._is_ours(name) and not self._is_claimed(name) for name in self._ipv6(has_ipv6)),
        )

    @property
    def is_held(self) -> bool:
        """Whether there is something to give back."""
        changed = self.settings.changed.items()
        return any(_is_about(name) and self.settings.interface in found.by for name, found in changed)

    def give_back(self) -> Sequence[str]:
        """Put the settings back as they were; a sentence for each says what was done.

        Raises:
            ToolFailed: /proc/sys cannot be written.
        """
        with self._single_ones_kept():
            return self.settings.give_back(_is_about, self._is_claimed)

    def _ipv6(self, has_ipv6: bool) -> Sequence[str]:
        return [IPV6_ALL] if has_ipv6 and self.settings.value(IPV6_ALL) is not None else []

    def _is_ours(self, name: str) -> bool:
        return name in self.settings.changed or self.settings.value(name) == "0"

    def _is_claimed(self, name: str) -> bool:
        """Whether somebody else switched forwarding on for the whole host."""
        return self.settings.value(IPV6_DEFAULT if name == IPV6_ALL else IPV4_ALL) == "1"

    @contextmanager
    def _single_ones_kept(self) -> Iterator[None]:
        """Write the IPv6 switches of single interfaces back afterwards: the switch for all of them overwrites them."""
        names = [name for name in self.settings.names("ipv6/conf/*/forwarding") if name != IPV6_ALL]
        before = {name: value for name in names if (value := self.settings.value(name)) is not None}
        yield
        for name, value in before.items():
            self.settings.write(name, value)

    @contextmanager
    def _routers_kept(self) -> Iterator[None]:
        """Set accept_ra to 2 meanwhile: else a kernel that becomes a router forgets the routers it has heard of."""
        heard = [name for name in self.settings.names("ipv6/conf/*/accept_ra") if self.settings.value(name) == "1"]
        for name in heard:
            self.settings.write(name, "2")
        yield
        for name in heard:
            self.settings.write(name, "1")


def _of_ipv4(interface: str) -> str:
    return f"ipv4/conf/{interface}/forwarding"


def _is_about(name: str) -> bool:
    return name.endswith("/forwarding")
