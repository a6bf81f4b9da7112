"""Tries the other preshared key of peers whose handshake is overdue."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic, time

from agent.adapters.linux.tunnel import HostTunnel
from agent.errors import ToolFailed
from agent.host.tunnel.psk_recovery import Attempt, attempted

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PskRecovery:
    tunnel: HostTunnel
    _attempts: Mapping[str, Attempt] = field(default_factory=dict)

    @property
    def has_others(self) -> bool:
        """Whether any peer has another preshared key that could be tried."""
        wanted = self.tunnel.wanted
        return wanted is not None and bool(wanted.others)

    def try_others(self) -> bool:
        """Take the other preshared key of sections whose handshake is overdue; whether any was taken.

        False too where the host refuses: the next `verify` heals it.
        """
        tunnel = self.tunnel
        with tunnel.lock:
            if (wanted := tunnel.wanted) is None or not tunnel.is_known:
                return False
            try:
                seen = [peer for peer in tunnel.host_look.dump().seen if peer.public_key in wanted.others]
                now = monotonic(), time()
                self._attempts = {
                    peer.public_key: attempted(self._attempts.get(peer.public_key), peer, *now) for peer in seen
                }
                tried = {key: wanted.others[key] for key, attempt in self._attempts.items() if attempt.is_other}
                is_taken = tunnel.use(replace(tunnel.in_use, tried=tried))
            except ToolFailed as failed:
                logger.info("host_differs", extra={"interface": tunnel.interface, "error": str(failed)})
                return False
        if is_taken:
            logger.info("preshared_key_tried", extra={"interface": tunnel.interface})
        return is_taken
