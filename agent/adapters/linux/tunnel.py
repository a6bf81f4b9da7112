"""Makes the host agree with a bundle: one interface, its peers, addresses, routes, firewall.

Between two looks at the host it works from what it made last, so that a change of one peer
costs one `wg`, and one more where peers go; `verify` looks again and heals what drifted.
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic, time
from types import MappingProxyType
from typing import assert_never

from agent.adapters.linux import ipv6
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.forwarding import Forwarding
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.interface import Device
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.other_tables import ForeignTables, legacy
from agent.adapters.linux.passage import Passage
from agent.adapters.linux.port_holders import taken
from agent.adapters.linux.resolution import resolve
from agent.adapters.linux.routes import IpRoute
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.wireguard_watch import handshakes_now
from agent.errors import ToolFailed, ToolMissing
from agent.host.firewall.nftables import Table
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.difference import Change, Memory, Plan, carried_out, changing_hands_within, difference, relaid
from agent.host.tunnel.key_in_use import carried
from agent.host.tunnel.live import ABSENT, HostTunnelState
from agent.host.tunnel.psk_recovery import Attempt, attempted, chosen
from agent.host.tunnel.route_conflicts import HostRoutes, sent_to, without_conflicts
from agent.host.tunnel.steps import (
    Configure,
    CreateInterface,
    EnableForwarding,
    Firewall,
    Lay,
    LoadTable,
    Poke,
    RemovePeers,
    Step,
    StopForwarding,
    ordered,
)
from agent.host.tunnel.wanted import Endpoint, WantedTunnel, named, wants_ipv6, without_ipv6
from agent.host.tunnel.wireguard_text import Dump, addconf, parse_dump
from agent.identity.keys import wireguard_public_key

UNRESOLVED = "unresolved"  # stands in what was made last, so that only `verify` asks again
DISCARD_PORT = 9  # RFC 863

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class HostTunnel:
    """`memory` is filled from disk at start; `private_key` base64. `nat_interfaces`: named by the
    operator; none: those that routes lead to. `given_back`: a sentence for each of the kernel's settings that
    `remove` gave back, or left to somebody else. One thread at a time changes it."""

    commands: Commands
    interface: str
    device: Device
    firewall: NftFirewall
    private_key: str = field(repr=False)
    memory: Memory = field(default_factory=Memory)
    nat_interfaces: tuple[str, ...] = ()
    foreign: ForeignTables | None = None
    encapsulation: Encapsulation | None = None
    settings: KernelSettings | None = None
    given_back: tuple[str, ...] = ()
    _forbidden: tuple[str, ...] = ()
    _shut: tuple[str, ...] = ()
    _live: HostTunnelState | None = None
    _host: HostRoutes = field(default_factory=HostRoutes)
    _wanted: WantedTunnel | None = None
    _named: tuple[WantedTunnel | None, Mapping[Endpoint, Collection[str]]] = (None, MappingProxyType({}))
    _handshakes: Mapping[str, int] = field(default_factory=dict)
    _attempts: Mapping[str, Attempt] = field(default_factory=dict)
    _tried: Mapping[str, str] = field(default_factory=dict, repr=False)
    _met: Mapping[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        """Make it so. Starts from what was made last; where that fails, from a look at the host."""
        with self._lock:
            if self._live is not None:
                try:
                    return self._make(wanted, self._live)
                except ToolFailed as failed:
                    logger.info("host_differs", extra={"interface": self.interface, "error": str(failed)})
            return self.verify(wanted)

    def verify(self, wanted: WantedTunnel) -> ApplyResult:
        """Make it so from a fresh look at interface, routes and table."""
        with self._lock:
            self._live = None
            self.firewall.verify()
            if self.encapsulation is not None:
                self.encapsulation.verify()
            live = self._look()
            going = self._as_it_goes(wanted)
            self.firewall.adopt(self._passage(going).table)
            made = self._make(wanted, live)
            passage = self._passage(going)
            if self.foreign is None or not passage.is_open:
                return made
            is_changed = self._open_foreign(self.foreign, passage)
            changed = made.is_changed or is_changed
            return replace(made, is_changed=changed, forbidden=self._forbidden, shut=self._shut)

    def reset(self, wanted: WantedTunnel, public_key: str) -> None:
        with self._lock:
            live = self._live
            self._do(RemovePeers((public_key,)), wanted, {})
            if live is None:
                self.verify(wanted)
            else:
                left = {key: peer for key, peer in live.peers.items() if key != public_key}
                self._make(wanted, replace(live, peers=left))

    def use_key(self, private_key: str) -> None:
        """The key that the interface has from the next `apply` on."""
        with self._lock:
            self.private_key = private_key

    @property
    def standbys(self) -> Collection[str]:
        """Staged keys of peers."""
        return self._wanted.standbys.keys() if self._wanted is not None else ()

    @property
    def has_others(self) -> bool:
        return self._wanted is not None and bool(self._wanted.others)

    def try_others(self) -> bool:
        """Take the other preshared key of sections whose handshake is overdue; whether any was taken."""
        with self._lock:
            wanted, live = self._wanted, self._live
            if wanted is None or live is None:
                return False
            try:
                seen = [one for one in self._dump().seen if one.public_key in wanted.others]
                now = monotonic(), time()
                self._attempts = {
                    one.public_key: attempted(self._attempts.get(one.public_key), one, *now) for one in seen
                }
                tried = {key: wanted.others[key] for key, attempt in self._attempts.items() if attempt.is_other}
                is_taken = chosen(wanted, tried) != chosen(wanted, self._tried)
                self._tried = tried
                if is_taken:
                    self._make(wanted, live)
                    logger.info("preshared_key_tried", extra={"interface": self.interface})
            except ToolFailed as failed:
                logger.info("host_differs", extra={"interface": self.interface, "error": str(failed)})
                return False
            return is_taken

    def carry(self) -> bool:
        """Move AllowedIPs to staged keys that came into use; whether any did. A host that refuses is healed
        by `verify`."""
        try:
            handshakes = handshakes_now(self.commands, self.interface)
        except ToolFailed:
            return False  # as the next look at the host will say
        with self._lock:
            wanted, live = self._wanted, self._live
            if wanted is None or live is None:
                return False
            is_moved = carried(wanted, handshakes) != carried(wanted, self._handshakes)
            self._handshakes = handshakes
            try:
                if is_moved:
                    self._make(wanted, live)
                    logger.info("key_carried", extra={"interface": self.interface})
            except ToolFailed as failed:
                logger.info("host_differs", extra={"interface": self.interface, "error": str(failed)})
                return False
        return is_moved

    def name_of(self, public_key: str) -> Endpoint | None:
        """The endpoint by which the bundle knows a peer, if that is a name."""
        return next((endpoint for endpoint, keys in self._names().items() if public_key in keys), None)

    def met_at(self, name: Endpoint) -> str | None:
        """Where WireGuard met the peer of this name when it was last looked at, `ip:port`."""
        peers = live.peers if (live := self._live) is not None else {}
        met = (
            peers[key].endpoint if key in peers else self.memory.learned.get(key) for key in self._names().get(name, ())
        )
        return next((endpoint for endpoint in met if endpoint is not None), None)

    def lead(self, name: Endpoint, addresses: Sequence[str]) -> bool:
        """Speak to the peers of this name at the address that comes after their present one; whether any is led.

        Args:
            addresses: what the name stands for, each as `ip:port`.
        """
        with self._lock:
            peers = self._dump().peers
            led = {
                key: address
                for key in self._names().get(name, ())
                if key in peers and (address := _after(peers[key].endpoint, addresses)) != peers[key].endpoint
            }
            for key, address in led.items():
                self.commands.run("wg", "set", self.interface, "peer", key, "endpoint", address)
            return bool(led)

    def _names(self) -> Mapping[Endpoint, Collection[str]]:
        """Which peers have which names, found out once for each bundle."""
        if (wanted := self._wanted) is not self._named[0]:
            self._named = wanted, named(wanted.sections.values() if wanted is not None else ())
        return self._named[1]

    def meet(self, endpoints: Mapping[str, str]) -> None:
        """Peers were seen there, public key → `ip:port`: what an interface knew that is lost before the next look."""
        self._met = {**self._met, **endpoints}

    def learned(self) -> Mapping[str, str]:
        return self.memory.learned

    def remove(self) -> None:
        with self._lock:
            self._live = self._wanted = None
            self.device.destroy()
            self.firewall.remove()
            if self.encapsulation is not None:
                self.encapsulation.remove()
            if self.foreign is not None:
                self.foreign.remove()
            self._give_back()

    def plan(self, wanted: WantedTunnel) -> PlannedChanges:
        """What `apply` would do to this host now, from a fresh look and without doing it.

        Raises:
            ToolFailed: the host cannot be looked at.
        """
        live = self._look()
        lacks_ipv6, going = self._lacking(wanted), self._as_it_goes(wanted)
        wanted, conflicts = without_conflicts(going, self._host, sent_to(going, live.peers, {}))
        plan = difference(live, wanted, wireguard_public_key(self.private_key), self.memory)
        passage = self._passage(wanted)
        return PlannedChanges(
            steps=ordered(plan, self._firewall(live, wanted, plan, self.firewall.differs)),
            conflicts=conflicts,
            encapsulation=self.encapsulation.prospect(wanted, self._host, self.memory.learned)
            if self.encapsulation is not None
            else None,
            opened=tuple(self.foreign.prospect(passage.networks))
            if self.foreign is not None and passage.is_open
            else (),
            lacks_ipv6=lacks_ipv6,
        )

    def _make(self, wanted: WantedTunnel, live: HostTunnelState) -> ApplyResult:
        self._wanted = wanted
        lacks_ipv6, going = self._lacking(wanted), self._as_it_goes(wanted)
        own_key = wireguard_public_key(self.private_key)
        plan = difference(live, going, own_key, self.memory)
        is_remembered = self._live is not None
        self._live = None  # unknown until every step is made
        if plan.removed:
            self._learn(self._dump())
        is_marked = not plan.creates and self._mark(going)
        is_sealed, resolved = self._sealed(going, plan)
        places = {**self._last_seen(plan), **resolved}
        wanted, conflicts = self._cleared(going, live, places, is_remembered)
        plan = relaid(plan, live, wanted)
        steps = ordered(plan, self._firewall(live, wanted, plan, self.firewall.would_change))
        try:
            for step in steps:
                self._do(step, wanted, places)
        except ToolFailed as failed:
            if wanted.listen_port is None or not (whose := taken(str(failed), wanted.listen_port, ["udp"])):
                raise
            raise ToolFailed(f"{failed} (listen port {wanted.listen_port}{whose})") from failed
        is_diverted = self.encapsulation is not None and self.encapsulation.divert(wanted)
        unresolved = {
            change.endpoint: UNRESOLVED
            for change in plan.changes
            if isinstance(change.endpoint, Endpoint) and change.endpoint not in resolved
        }
        self._live = carried_out(live, plan, own_key, {**unresolved, **resolved})
        self.memory = replace(self.memory, asked={key: section.endpoint for key, section in wanted.sections.items()})
        made = ApplyResult(
            is_changed=bool(steps) or is_marked or is_sealed or is_diverted,
            is_unresolved=bool(unresolved),
            conflicts=conflicts,
            kind=self.device.kind,
            lacks_ipv6=lacks_ipv6,
        )
        return self._hindered(made, wanted)

    def _mark(self, wanted: WantedTunnel) -> bool:
        """Before peers are configured: wireguard-go speaks to them at once, also while its interface is down."""
        return self.encapsulation is not None and self.encapsulation.mark(wanted)

    def _cleared(
        self, going: WantedTunnel, live: HostTunnelState, places: Mapping[Endpoint, str], is_remembered: bool
    ) -> tuple[WantedTunnel, tuple[str, ...]]:
        """Without what would take the host's own network, which is looked at anew before more is laid."""
        endpoints = sent_to(going, live.peers, places)
        wanted, conflicts = without_conflicts(going, self._host, endpoints)
        lays_more = not (wanted.routes <= live.routes and wanted.addresses <= live.addresses)
        if is_remembered and lays_more:
            self._host = IpRoute(self.commands, self.interface).routes().host
            return without_conflicts(going, self._host, endpoints)
        return wanted, conflicts

    def _sealed(self, wanted: WantedTunnel, plan: Plan) -> tuple[bool, Mapping[Endpoint, str]]:
        """Seal before anything else; but ask for names first where nothing else says where a peer is."""
        if self.encapsulation is None:
            return False, self._resolved(plan)
        if self._last_seen(plan).keys() >= _asked(plan):
            is_changed = self.encapsulation.close(wanted, self._host, self.memory.learned)
            return is_changed, self._resolved(plan)
        resolved = self._resolved(plan)
        return self.encapsulation.close(wanted, self._host, self.memory.learned), resolved

    def _last_seen(self, plan: Plan) -> Mapping[Endpoint, str]:
        """For names that nobody answers, as behind a seal before the tunnel is up."""
        learned = self.memory.learned
        return {
            change.endpoint: learned[change.section.public_key]
            for change in plan.changes
            if isinstance(change.endpoint, Endpoint) and change.section.public_key in learned
        }

    def _open_foreign(self, foreign: ForeignTables, passage: Passage) -> bool:
        """Its owner may change a table at the same moment: then the next look does it."""
        port = passage.wanted.listen_port
        try:
            is_changed, forbidden = foreign.make_so(passage.networks)
            shut = (*(foreign.shut(port, passage.networks) if passage.wanted.is_forwarding else ()), *legacy())
        except ToolFailed as failed:
            logger.info("foreign_tables_not_managed", extra={"error": str(failed)})
            return False
        if tuple(forbidden) != self._forbidden:
            self._forbidden = tuple(forbidden)
            logger.warning("forwarding_forbidden", extra={"tables": list(forbidden)})
        if shut != self._shut:
            self._shut = shut
            logger.warning("peers_shut_out", extra={"tables": list(shut)})
        return is_changed

    def _hindered(self, made: ApplyResult, wanted: WantedTunnel) -> ApplyResult:
        """With why what should be forwarded is not, or peers do not reach this host."""
        passage = self._passage(wanted)
        if (hindrance := passage.hindrance) is not None:
            return replace(made, forbidden=(hindrance,))
        return replace(made, forbidden=self._forbidden, shut=self._shut) if passage.is_open else made

    def _as_it_goes(self, wanted: WantedTunnel) -> WantedTunnel:
        """The bundle with what only the host can tell: whose key carries, which secret makes handshakes, and whether
        there is IPv6."""
        going = carried(chosen(wanted, self._tried), self._handshakes)
        return without_ipv6(going) if self._lacking(wanted) is not None else going

    def _lacking(self, wanted: WantedTunnel) -> str | None:
        """Why IPv6 that the bundle asks for cannot be had."""
        return ipv6.lacking(self.interface, wanted.mtu) if wants_ipv6(wanted) else None

    def _firewall(
        self, live: HostTunnelState, wanted: WantedTunnel, plan: Plan, differs: Callable[[Table | None], bool]
    ) -> Firewall:
        passage = self._passage(wanted)
        made = passage.table
        is_due = differs(made)
        handed = changing_hands_within(live, wanted, plan) if is_due else frozenset()
        return Firewall(made, is_due, passage.switch, passage.barrier(handed))

    def _passage(self, wanted: WantedTunnel) -> Passage:
        return Passage(wanted, self._host, self._forwarding, self.nat_interfaces)

    def _give_back(self) -> None:
        said = (*self._forwarding.give_back(), *self._forwarding.settings.give_back())
        self._tell(said)
        self.given_back += said

    def _tell(self, said: Sequence[str]) -> None:
        for sentence in said:
            logger.info("setting_given_back", extra={"interface": self.interface, "setting": sentence})

    @property
    def _forwarding(self) -> Forwarding:
        return Forwarding(self.settings if self.settings is not None else KernelSettings(self.interface))

    def _do(self, step: Step, wanted: WantedTunnel, resolved: Mapping[Endpoint, str]) -> None:
        match step:
            case CreateInterface():
                self.device.create()
                self._mark(wanted)
            case RemovePeers(public_keys):
                arguments = [word for key in public_keys for word in ("peer", key, "remove")]
                self.commands.run("wg", "set", self.interface, *arguments)
            case Configure(changes, sets_key, listen_port):
                text = addconf(changes, resolved, self.private_key if sets_key else None, listen_port)
                self.commands.run("wg", "addconf", self.interface, "/dev/stdin", stdin=text)
            case EnableForwarding(interfaces, has_ipv6):
                self._forwarding.enable(interfaces, has_ipv6)
            case StopForwarding():
                self._tell(self._forwarding.give_back())
            case LoadTable(made):
                self.firewall.apply(made)
                if made is None and self.foreign is not None:
                    self.foreign.remove()
            case Lay(plan):
                IpRoute(self.commands, self.interface).carry_out(plan, kept=wanted.addresses)
            case Poke(change):
                _poke(change)
            case _:
                assert_never(step)

    def _look(self) -> HostTunnelState:
        """What the host has; an interface that nobody answers for counts as none.

        Raises:
            ToolFailed: it is there, or may be, and cannot be looked at now.
        """
        ip = IpRoute(self.commands, self.interface)
        dump = self._answered()
        if dump is None:
            self._host = ip.routes().host
            self.memory = replace(self.memory, learned={**self.memory.learned, **self._met})
            return ABSENT
        link, routes = ip.link(), ip.routes()
        self._host = routes.host
        self._learn(dump)
        self._handshakes = {seen.public_key: int(seen.handshake_at) for seen in dump.seen}
        return HostTunnelState(
            public_key=dump.public_key,
            listen_port=dump.listen_port,
            mtu=link.mtu,
            is_up=link.is_up,
            addresses=link.standing(routes.connected),
            peers=dump.peers,
            routes=routes.own,
        )

    def _answered(self) -> Dump | None:
        """What WireGuard says of the interface; None: there is none, or nobody answers for it.

        Raises:
            ToolFailed: it is there, or may be, and cannot be asked now.
        """
        try:
            dump = self._dump()
        except ToolMissing:
            raise
        except ToolFailed:
            if self.device.is_gone():
                return None
            raise
        return dump if self.device.exists else None  # a daemon that is about to end still answers

    def _dump(self) -> Dump:
        return parse_dump(self.commands.run("wg", "show", self.interface, "dump"))

    def _learn(self, dump: Dump) -> None:
        """Keep where peers were last seen: a section made anew speaks to them there at once."""
        seen = {one.public_key: one.endpoint for one in dump.seen if one.endpoint and one.handshake_at}
        self.memory = self.memory.seeing(seen)
        self._met = {}

    def _resolved(self, plan: Plan) -> Mapping[Endpoint, str]:
        return resolve(_asked(plan))


def _asked(plan: Plan) -> set[Endpoint]:
    return {change.endpoint for change in plan.changes if isinstance(change.endpoint, Endpoint)}


def _after(present: str | None, addresses: Sequence[str]) -> str:
    """The one after the present one, which is dead; the first, where that is none of them."""
    return addresses[(addresses.index(present) + 1) % len(addresses) if present in addresses else 0]


def _poke(change: Change) -> None:
    """Send one empty datagram to the peer, so that this side opens the handshake."""
    hosts = [prefix for prefix in change.section.allowed_ips if prefix.num_addresses == 1]
    host = min(hosts, key=lambda prefix: prefix.version, default=None)
    if host is None:
        return
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:  # the peer speaks first then
        probe.sendto(b"", (str(host.network_address), DISCARD_PORT))
