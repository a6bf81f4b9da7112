"""The bundle in force, and the tunnel and the names that are made by it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.bundle.received import Fetched
from agent.errors import ToolFailed
from agent.host.dns_zone import zone_of
from agent.host.results import ApplyResult
from agent.host.tunnel.home_failover import rehomed
from agent.host.tunnel.wanted import WantedTunnel
from agent.ports import Tunnel, TunnelAbilities
from agent.run.own_keys import Pairs
from agent.run.served_names import ServedNames
from chalicelib.wire.bundle import Bundle

Parse = Callable[[Bundle, str | None], WantedTunnel]


@dataclass(slots=True)
class InForce:
    """`pairs`: the host's own keys; `None`: they stay as they are. `made` is called after each bundle that was made.
    `parse` takes a bundle and the host's own public key. Other threads may read `bundle`, and nothing else."""

    tunnel: Tunnel
    names: ServedNames
    pairs: Pairs | None
    made: Callable[[], None]
    abilities: TunnelAbilities
    parse: Parse
    bundle: Fetched | None = field(default=None, init=False)
    _wanted: WantedTunnel | None = field(default=None, init=False)
    _parsed: dict[tuple[str, str | None], WantedTunnel] = field(default_factory=dict, init=False)

    def parsed(self, fetched: Fetched) -> WantedTunnel:
        """What a bundle wants of the host. The two parsed last are remembered, each with the host's key of then.

        Raises:
            BundleRefused: the bundle is wrong.
        """
        seen = (fetched.hash, self._own_key)
        found = self._parsed.get(seen) or self.parse(fetched.bundle, self._own_key)
        last = {key: parsed for key, parsed in [*self._parsed.items()][-1:] if key != seen}
        self._parsed = {**last, seen: found}
        return found

    def make(self, wanted: WantedTunnel, bundle: Fetched | None) -> ApplyResult:
        """Make the tunnel and the names. `bundle`: the one that is in force from then on.

        Raises:
            ToolFailed: the host refused the tunnel.
        """
        made = self.tunnel.apply(wanted)
        self._wanted, self.bundle = wanted, bundle
        self.made()
        return self.names.serve(zone_of(bundle.bundle, wanted) if bundle is not None else None, made)

    def verify(self) -> ApplyResult:
        """Put right what drifted.

        Raises:
            ToolFailed: the host refused, or no bundle was made yet.
        """
        if self._wanted is None:
            raise ToolFailed("no bundle was applied yet")
        repair = self.abilities.drift_repair
        made = repair.verify(self._wanted) if repair is not None else self.tunnel.apply(self._wanted)
        return self.names.serve_again(made)

    def rehome(self, dead: frozenset[str]) -> None:
        """Make the tunnel as if these jumps were down.

        Raises:
            ToolFailed: the host refused, or no bundle was made yet.
        """
        if self.bundle is None:
            raise ToolFailed("no bundle was applied yet")
        wanted = self.parse(rehomed(self.bundle.bundle, dead), self._own_key)
        self.tunnel.apply(wanted)
        self._wanted = wanted

    def rekey(self, bundle: Fetched) -> None:
        """Make the bundle in force again, after the host's own key was changed. If the host refuses, `verify` heals it.

        Raises:
            ToolFailed: the host refused.
        """
        self._wanted = self.parsed(bundle)
        self.make(self._wanted, bundle)

    def reset(self, public_key: str) -> None:
        """Remove a peer and add it again.

        Raises:
            ToolFailed: the host refused, or this platform has no such ability.
        """
        if self.abilities.peer_reset is None:
            raise ToolFailed("the tunnel of this platform cannot forget a peer's session")
        if self._wanted is not None:
            self.abilities.peer_reset.reset(self._wanted, public_key)

    def learned(self) -> dict[str, str]:
        """Where peers were last seen: public key → `ip:port`; nothing where the platform does not tell."""
        sightings = self.abilities.sightings
        return {} if sightings is None else dict(sightings.learned())

    def remove(self) -> None:
        self.names.stop()
        self.tunnel.remove()

    @property
    def _own_key(self) -> str | None:
        return self.pairs.in_use if self.pairs is not None else None
