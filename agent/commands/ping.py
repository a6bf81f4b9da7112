"""`ping`: ask a peer for answers through the tunnel."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec

from agent.adapters.dns.asking import TunnelNames
from agent.adapters.files.state_dir import StateDir
from agent.adapters.linux.echoing import Echoes
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, EXIT_FAILED, say
from agent.commands.status import last_bundle
from agent.errors import PeerUnknown, StateUnusable, ToolFailed
from agent.host.roster import found, name_servers, roster
from agent.settings import PingSettings
from chalicelib.wire.bundle import Bundle


class Pinged(msgspec.Struct, frozen=True):
    """`times_ms`: null where no answer came in time. `lost`: in percent."""

    peer: str
    address: str
    sent: int
    received: int
    lost: float
    times_ms: list[float | None]


def run(settings: PingSettings) -> int:
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    bundle = last_bundle(directory, enrollment)
    if bundle is None:
        raise StateUnusable("there is no bundle yet: run the agent first")
    if not platform().has_interface(enrollment.interface):
        raise ToolFailed(f"the tunnel {enrollment.interface} is not there: wirety-agent status says why")
    address = _address(bundle, settings.peer)
    title = settings.peer if settings.peer == str(address) else f"{settings.peer} ({address})"
    times_ms: list[float | None] = []
    for took_s in Echoes(enrollment.interface, address, settings.timeout_s).times_s(settings.count):
        times_ms.append(None if took_s is None else round(took_s * 1000, 2))
        if not settings.is_json:
            said = f"no answer in {settings.timeout_s:g} s" if took_s is None else f"{times_ms[-1]} ms"
            print(f"{title}: {said}", flush=True)
    came = [one for one in times_ms if one is not None]
    lost = round(100 * (len(times_ms) - len(came)) / len(times_ms), 1)
    pinged = Pinged(settings.peer, str(address), len(times_ms), len(came), lost, times_ms)
    say(pinged, _summary(pinged, came), settings.is_json)
    return EXIT_DONE if came else EXIT_FAILED


def _address(bundle: Bundle, asked: str) -> IPv4Address | IPv6Address:
    """Of a peer of the bundle, of a name that the jump knows, or just what was said."""
    listed = roster(bundle)
    peer = found(listed, asked, bundle.dns.domain)
    if peer is not None and peer.addresses:
        return ip_address(peer.addresses[0])
    try:
        return ip_address(asked)
    except ValueError:
        asking = TunnelNames(bundle.dns.domain, name_servers(bundle, listed))
        named = () if bundle.firewall.forward else asking.addresses(asked)  # a jump's bundle has all names
    if named is None:
        raise ToolFailed(f"no jump answers what the address of {asked} is: wirety-agent status, or ping an address")
    if not named:
        raise PeerUnknown(f"no peer is called {asked}: wirety-agent peers lists those this host knows")
    return ip_address(named[0])


def _summary(pinged: Pinged, came: list[float]) -> str:
    text = f"{pinged.sent} sent, {pinged.received} answered, {pinged.lost:g} % lost"
    if not came:
        return f"{text}: it is away, or a rule of the network does not let this host ask it"
    return f"{text}; {min(came):g} / {sum(came) / len(came):.2f} / {max(came):g} ms (least, mean, most)"
