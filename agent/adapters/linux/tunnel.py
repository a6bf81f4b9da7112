"""Makes the host agree with a bundle: looks at it, takes the difference, and carries that out.

Between two looks at the host it works from what it made last, so that a change of one peer costs one `wg`, and one
more where peers go; `verify` looks again and heals what drifted. What only handshakes can tell of a bundle is found
out by `KeyInUse` and `PskRecovery`, which have it made again by `use`.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.adapters.linux import ipv6
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.forwarding import Forwarding
from agent.adapters.linux.host_look import HostLook
from agent.adapters.linux.interface import Device
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.passage import Passage
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.step_runner import StepRunner
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.planned import planned
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.difference import Memory, carried_out, difference, last_seen, names_asked, relaid
from agent.host.tunnel.live import HostTunnelState
from agent.host.tunnel.route_conflicts import HostRoutes, sent_to, without_conflicts
from agent.host.tunnel.secrets_in_use import SecretsInUse
from agent.host.tunnel.steps import ordered
from agent.host.tunnel.wanted import Endpoint, WantedTunnel, wants_ipv6, without_ipv6
from agent.host.tunnel.wireguard_text import Dump
from agent.identity.keys import wireguard_public_key

UNRESOLVED = "unresolved"  # stands in what was made last, so that only `verify` asks again

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class HostTunnel:
    """One interface of this host. Whoever changes it holds `lock`.

    `private_key`: base64. `memory`: filled from the disk at start. `nat_interfaces`: those that the operator named;
    empty: those that the host's routes lead to. `in_use`: what handshakes told last.
    """

    commands: Commands
    interface: str
    device: Device
    firewall: NftFirewall
    private_key: str = field(repr=False)
    memory: Memory = field(default_factory=Memory)
    nat_interfaces: tuple[str, ...] = ()
    others: OtherFirewalls = field(default_factory=OtherFirewalls)
    seal: SealKeeping = field(default_factory=SealKeeping)
    settings: KernelSettings | None = None
    in_use: SecretsInUse = field(default_factory=SecretsInUse)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _live: HostTunnelState | None = None
    _host: HostRoutes = field(default_factory=HostRoutes)
    _wanted: WantedTunnel | None = None
    _met: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> WantedTunnel | None:
        """The bundle that was made last, or is being made."""
        return self._wanted

    @property
    def is_known(self) -> bool:
        """Whether it is known what the host has: every step of the last bundle was made."""
        return self._live is not None

    @property
    def host_look(self) -> HostLook:
        return HostLook(self.commands, self.device)

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        """Make it so. Starts from what was made last; where that fails, from a look at the host."""
        with self.lock:
            if self._live is not None:
                try:
                    return self._make(wanted, self._live)
                except ToolFailed as failed:
                    logger.info("host_differs", extra={"interface": self.interface, "error": str(failed)})
            return self.verify(wanted)

    def verify(self, wanted: WantedTunnel) -> ApplyResult:
        """Make it so from a fresh look at interface, routes and table."""
        with self.lock:
            self._live = None
            self.firewall.verify()
            self.seal.verify()
            live = self._look()
            passage = self._passage(self._possible(wanted)[0])
            self.firewall.adopt(passage.table)
            made = self._make(wanted, live)
            is_changed = self.others.admit(passage)
            return self.others.hindered(replace(made, is_changed=made.is_changed or is_changed), passage)

    def use(self, in_use: SecretsInUse) -> bool:
        """Make the last bundle so again by what handshakes told since; whether that changed anything.

        Raises:
            ToolFailed: the host refuses; `in_use` holds for the next `verify` all the same.
        """
        with self.lock:
            wanted, live = self._wanted, self._live
            if wanted is None or live is None:
                return False
            is_other = in_use.applied_to(wanted) != self.in_use.applied_to(wanted)
            self.in_use = in_use
            if is_other:
                self._make(wanted, live)
            return is_other

    def reset(self, wanted: WantedTunnel, public_key: str) -> None:
        """Remove a peer and add it again."""
        with self.lock:
            live = self._live
            self._runner.remove_peers((public_key,))
            if live is None:
                self.verify(wanted)
            else:
                left = {key: peer for key, peer in live.peers.items() if key != public_key}
                self._make(wanted, replace(live, peers=left))

    def use_key(self, private_key: str) -> None:
        """The key that the interface has from the next `apply` on."""
        with self.lock:
            self.private_key = private_key

    def meet(self, endpoints: Mapping[str, str]) -> None:
        """Keep where peers were seen, public key → `ip:port`, in case the interface is lost before the next look."""
        self._met = {**self._met, **endpoints}

    def learned(self) -> Mapping[str, str]:
        return self.memory.learned

    def endpoint_of(self, public_key: str) -> str | None:
        """Where a peer is by what was made last, or else where it was seen before, `ip:port`."""
        peer = live.peers.get(public_key) if (live := self._live) is not None else None
        return peer.endpoint if peer is not None else self.memory.learned.get(public_key)

    def remove(self) -> Sequence[str]:
        with self.lock:
            self._live = self._wanted = None
            self.device.destroy()
            self.firewall.remove()
            self.seal.remove()
            self.others.withdraw()
            said = (*self._forwarding.give_back(), *self._forwarding.settings.give_back())
            self._tell(said)
            return said

    def plan(self, wanted: WantedTunnel) -> PlannedChanges:
        """What `apply` would do to this host now, from a fresh look and without doing it.

        Raises:
            ToolFailed: the host cannot be looked at.
        """
        live = self._look()
        going, lacks_ipv6 = self._possible(wanted)
        wanted, conflicts = without_conflicts(going, self._host, sent_to(going, live.peers, {}))
        plan = difference(live, wanted, wireguard_public_key(self.private_key), self.memory)
        changes = planned(
            ordered(plan, self._passage(wanted).firewall(live, plan, self.firewall.differs)),
            seal=self.seal.planned(wanted, self._host, self.memory.learned),
            opened=self.others.planned(self._passage(wanted)),
        )
        return replace(changes, conflicts=conflicts, lacks_ipv6=lacks_ipv6)

    def _make(self, wanted: WantedTunnel, live: HostTunnelState) -> ApplyResult:
        self._wanted = wanted
        going, lacks_ipv6 = self._possible(wanted)
        own_key = wireguard_public_key(self.private_key)
        plan = difference(live, going, own_key, self.memory)
        is_remembered = self._live is not None
        self._live = None  # unknown until every step is made
        if plan.removed:
            self._learn(self.host_look.dump())
        is_marked = not plan.creates and self.seal.mark(going)
        is_sealed, resolved = self.seal.seal_and_resolve(going, plan, self._host, self.memory.learned)
        places = {**last_seen(plan, self.memory.learned), **resolved}
        wanted, conflicts = self._cleared(going, live, places, is_remembered)
        plan = relaid(plan, live, wanted)
        steps = ordered(plan, self._passage(wanted).firewall(live, plan, self.firewall.would_change))
        self._runner.run(steps, wanted, places)
        is_diverted = self.seal.divert(wanted)
        unresolved = dict.fromkeys(names_asked(plan) - resolved.keys(), UNRESOLVED)
        self._live = carried_out(live, plan, own_key, {**unresolved, **resolved})
        self.memory = replace(self.memory, asked={key: section.endpoint for key, section in wanted.sections.items()})
        made = ApplyResult(
            is_changed=bool(steps) or is_marked or is_sealed or is_diverted,
            is_unresolved=bool(unresolved),
            conflicts=conflicts,
            kind=self.device.kind,
            lacks_ipv6=lacks_ipv6,
        )
        return self.others.hindered(made, self._passage(wanted))

    def _possible(self, wanted: WantedTunnel) -> tuple[WantedTunnel, str | None]:
        """The bundle with what only the host can tell, and why it is without IPv6 that it asks for; None: it is not."""
        lacks_ipv6 = ipv6.lacking(self.interface, wanted.mtu) if wants_ipv6(wanted) else None
        going = self.in_use.applied_to(wanted)
        return (without_ipv6(going) if lacks_ipv6 is not None else going), lacks_ipv6

    def _cleared(
        self, going: WantedTunnel, live: HostTunnelState, places: Mapping[Endpoint, str], is_remembered: bool
    ) -> tuple[WantedTunnel, tuple[str, ...]]:
        """Without what would take the host's own network, which is looked at anew before more is laid."""
        endpoints = sent_to(going, live.peers, places)
        wanted, conflicts = without_conflicts(going, self._host, endpoints)
        lays_more = not (wanted.routes <= live.routes and wanted.addresses <= live.addresses)
        if is_remembered and lays_more:
            self._host = self.host_look.routes()
            return without_conflicts(going, self._host, endpoints)
        return wanted, conflicts

    def _passage(self, wanted: WantedTunnel) -> Passage:
        return Passage(wanted, self._host, self._forwarding, self.nat_interfaces)

    def _tell(self, said: Sequence[str]) -> None:
        for sentence in said:
            logger.info("setting_given_back", extra={"interface": self.interface, "setting": sentence})

    @property
    def _forwarding(self) -> Forwarding:
        return Forwarding(self.settings if self.settings is not None else KernelSettings(self.interface))

    @property
    def _runner(self) -> StepRunner:
        return StepRunner(
            self.commands,
            self.device,
            self.firewall,
            self.others,
            self.seal,
            self._forwarding,
            self.private_key,
            self._tell,
        )

    def _look(self) -> HostTunnelState:
        """What the host has, by which the memory and the handshakes are brought up to date."""
        looked = self.host_look.look()
        self._host = looked.host
        if looked.dump is None:
            self.memory = replace(self.memory, learned={**self.memory.learned, **self._met})
        else:
            self._learn(looked.dump)
            handshakes = {peer.public_key: int(peer.handshake_at) for peer in looked.dump.seen}
            self.in_use = replace(self.in_use, handshakes=handshakes)
        return looked.tunnel

    def _learn(self, dump: Dump) -> None:
        """Keep where peers were last seen: a section made anew speaks to them there at once."""
        seen = {peer.public_key: peer.endpoint for peer in dump.seen if peer.endpoint and peer.handshake_at}
        self.memory = self.memory.seeing(seen)
        self._met = {}
