"""Which of a peer's two keys carries its traffic while it changes one for the other; pure.

A prefix stands at one section of an interface. It belongs to the key whose handshake is the
newest, for that is the one the peer uses: so nobody has to be told when it changes over.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.host.tunnel.wanted import WantedTunnel


def carried(wanted: WantedTunnel, handshakes: Mapping[str, int]) -> WantedTunnel:
    """The bundle with AllowedIPs and keepalive where the traffic is.

    Args:
        handshakes: public key → unix seconds of the last one; 0 or left out: never.
    """
    sections = dict(wanted.sections)
    for staged, present in wanted.standbys.items():
        at = handshakes.get(staged, 0)
        if at > 0 and at >= handshakes.get(present, 0):
            new, old = sections[staged], sections[present]
            sections[staged] = replace(new, allowed_ips=old.allowed_ips, keepalive_s=old.keepalive_s)
            sections[present] = replace(old, allowed_ips=new.allowed_ips, keepalive_s=new.keepalive_s)
    return replace(wanted, sections=sections)
