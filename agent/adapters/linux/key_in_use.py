"""Moves AllowedIPs to a peer's staged key when handshakes tell that the peer uses it."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

from agent.adapters.linux.tunnel import HostTunnel
from agent.adapters.linux.wireguard_watch import handshakes_now
from agent.errors import ToolFailed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyInUse:
    tunnel: HostTunnel

    @property
    def staged(self) -> Collection[str]:
        """Staged keys of peers."""
        wanted = self.tunnel.wanted
        return wanted.standbys.keys() if wanted is not None else ()

    def carry(self) -> bool:
        """Move AllowedIPs to staged keys that came into use; whether any did.

        False too where the host refuses: the next `verify` heals it.
        """
        tunnel = self.tunnel
        try:
            handshakes = handshakes_now(tunnel.commands, tunnel.interface)
        except ToolFailed:
            return False  # as the next look at the host will say
        with tunnel.lock:
            try:
                is_moved = tunnel.use(replace(tunnel.in_use, handshakes=handshakes))
            except ToolFailed as failed:
                logger.info("host_differs", extra={"interface": tunnel.interface, "error": str(failed)})
                return False
        if is_moved:
            logger.info("key_carried", extra={"interface": tunnel.interface})
        return is_moved
