"""Networks: create, list, get, change, delete.

Requests: create 1 to KMS, 1 read + 1 transaction; list 1 + 1 a hundred; get 1; change 1 to 4
reads + 1 transaction, however many peers it moves (and a query of the peers to give it IPv6); delete 2 + 1.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from chalicelib.application.contention import decide
from chalicelib.domain.change import (
    DELETING,
    AdvanceNetwork,
    Change,
    Commit,
    CreateNetwork,
    RemoveAcl,
    RemoveNetwork,
    SettleRequest,
    What,
    Write,
    WriteDirectory,
)
from chalicelib.domain.errors import MtuTooSmall, NetworkNotEmpty, RequestRunning, Stale, StaticPeersExist
from chalicelib.domain.idempotency import Replayable
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.domain.ipam import require_private, require_room
from chalicelib.domain.network import Network
from chalicelib.domain.peer import IPV6_MTU
from chalicelib.domain.principal import Principal
from chalicelib.domain.routes import require_domain_beside, require_endpoint_outside
from chalicelib.ports import (
    AllocationStore,
    Clock,
    NetworkStore,
    PeerStore,
    Randomness,
    Refused,
    Transactions,
    Vault,
)

FIRST_REVISION = Revision(1)
NAMED = 10  # static peers in a refusal


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """What an operator asks for, parsed."""

    name: str
    cidr: IPv4Network
    cidr_v6: IPv6Network | None
    domain: str
    dns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Networks:
    """`hosts`: names of the deployment itself, which no network's domain may hide."""

    transactions: Transactions
    networks: NetworkStore
    peers: PeerStore
    allocations: AllocationStore
    vault: Vault
    clock: Clock
    randomness: Randomness
    hosts: Collection[str]

    def create(self, new: NewNetwork, by: Principal, request: Replayable | None = None) -> Network:
        by.require_all_networks()
        require_room(new.cidr, new.cidr_v6)
        require_domain_beside(new.domain, self.hosts)
        now = self.clock.now()
        network_id = NetworkId(self.randomness.new_id("net"))
        network = Network(
            id=network_id,
            name=new.name,
            cidr=new.cidr,
            cidr_v6=new.cidr_v6,
            domain=new.domain,
            dns=new.dns,
            revision=FIRST_REVISION,
            settings_revision=FIRST_REVISION,
            secret=self.vault.seal_new(network_id),
            created_at=now,
            updated_at=now,
        )
        change = Change(network.id, network.revision, now, by.id, What.NETWORK_CREATED)

        def attempt() -> Network:
            directory = self.networks.directory().with_network(network)
            writes: list[Write] = [CreateNetwork(network), WriteDirectory(directory)]
            if request is not None:
                writes.append(SettleRequest(replace(request, made=(network_id,), is_done=True)))
            try:
                self.transactions.commit(Commit(change, tuple(writes)))
            except Refused as refused:
                raise RequestRunning("" if request is None else request.key) from refused
            return network

        return decide(self.clock, attempt)

    def page(self, after: str | None, limit: int, by: Principal) -> tuple[Sequence[Network], str | None]:
        """Up to `limit` networks in the order of their creation, and the cursor of the next page."""
        visible = sorted(known for known in self.networks.directory().networks if by.sees(known))
        wanted = [known for known in visible if after is None or known > after]
        chosen = wanted[:limit]
        found = [
            network
            for start in range(0, len(chosen), 100)
            for network in self.networks.many(chosen[start : start + 100])
        ]
        return found, chosen[-1] if len(wanted) > limit else None

    def get(self, network_id: NetworkId, by: Principal) -> Network:
        by.require_sight(network_id)
        return self.networks.get(network_id)

    def renew_psk(self, network_id: NetworkId, by: Principal) -> Network:
        """Have every pair of agents change to preshared keys of another epoch, each when its regular peer
        holds them. Files keep theirs."""
        by.require_sight(network_id)

        def attempt() -> Network:
            now = self.clock.now()
            stored = self.networks.get(network_id)
            network = replace(stored.advanced(now), epoch=stored.epoch + 1)
            settings = {"epoch": (str(stored.epoch), str(network.epoch))}
            change = Change(network.id, network.revision, now, by.id, What.PSK_RENEWED, settings=settings)
            self.transactions.commit(Commit(change, (AdvanceNetwork(network),)))
            return network

        return decide(self.clock, attempt)

    def update(
        self,
        network_id: NetworkId,
        fields: Mapping[str, Any],
        by: Principal,
        if_match: Revision | None = None,
        is_public: bool = False,
    ) -> Network:
        """Change the fields that are given, parsed: another range moves every peer by this one write.

        Args:
            if_match: the version of the settings that the caller saw, None: whichever.
            is_public: another range may belong to others on the internet.

        Raises:
            Stale, NetworkNameInUse, NetworksOverlap, CidrDoesNotFit.
            Invalid: the range is public, or the domain hides the deployment's own names or a jump's endpoint.
            StaticPeersExist: their files could not follow.
            MtuTooSmall: peers of a network that is given IPv6.
        """
        by.require_sight(network_id)

        def attempt() -> Network:
            now = self.clock.now()
            before = self.networks.get(network_id)
            if if_match is not None and before.version != if_match:
                raise Stale
            after, is_claimed = self._changed(before, fields)
            if after.cidr != before.cidr and not is_public:
                require_private(after.cidr)
            settings = _settings(before, after)
            if not settings:
                return before
            after = after.with_other_settings(now)
            if before.cidr_v6 is None and after.cidr_v6 is not None:
                self._require_mtu(network_id)
            writes: list[Write] = [AdvanceNetwork(after)]
            jumps = self.peers.jumps(network_id) if is_claimed or "domain" in settings else []
            if "domain" in settings:
                require_domain_beside(after.domain, {*self.hosts, *(jump.endpoint or "" for jump in jumps)})
            if is_claimed:
                directory = self.networks.directory().with_network(after)
                for jump in jumps:
                    require_endpoint_outside(after, jump.endpoint, directory, jump)
                writes.append(WriteDirectory(directory))
            change = Change(network_id, after.revision, now, by.id, What.NETWORK_UPDATED, settings=settings)
            self.transactions.commit(Commit(change, tuple(writes)))
            return after

        return decide(self.clock, attempt)

    def delete(
        self, network_id: NetworkId, by: Principal, if_match: Revision | None = None, is_forced: bool = False
    ) -> None:
        """Delete a network; with peers only when forced: then it is gone at once for everybody who
        asks, and a job removes what it held (see removal)."""
        by.require_sight(network_id)

        def attempt() -> None:
            network = self.networks.get(network_id)
            if if_match is not None and network.version != if_match:
                raise Stale
            if network.peers and not is_forced:
                raise NetworkNotEmpty(network.peers)
            now = self.clock.now()
            gone = network.advanced(now)
            change = Change(network_id, gone.revision, now, by.id, What.NETWORK_DELETED)
            if network.peers:
                change = replace(change, settings={DELETING: ("false", "true")})
                self.transactions.commit(Commit(change, (AdvanceNetwork(replace(gone, is_deleting=True)),)))
                return
            directory = self.networks.directory().without_network(network_id)
            writes = (RemoveNetwork(network), RemoveAcl(network_id), WriteDirectory(directory))
            self.transactions.commit(Commit(change, writes))

        decide(self.clock, attempt)

    def _require_mtu(self, network_id: NetworkId) -> None:
        """Raises MtuTooSmall."""
        small = [peer.name for peer in self.peers.all(network_id) if peer.is_too_small_for_ipv6]
        if small:
            raise MtuTooSmall(small, IPV6_MTU)

    def _changed(self, before: Network, fields: Mapping[str, Any]) -> tuple[Network, bool]:
        """The network with other settings, and whether the directory has to agree."""
        cidr, cidr_v6 = fields.get("cidr", before.cidr), fields.get("cidr_v6", before.cidr_v6)
        after = replace(before, **{name: fields[name] for name in ("name", "domain", "dns") if name in fields})
        if (cidr, cidr_v6) == (before.cidr, before.cidr_v6):
            return after, after.name != before.name
        if not before.grows_to(cidr, cidr_v6) and (statics := self.peers.statics(before.id, NAMED + 1)):
            raise StaticPeersExist([peer.name for peer in statics[:NAMED]], more=len(statics) > NAMED)
        return after.readdressed(cidr, cidr_v6, self.allocations.highest_held(before.id)), True


def _settings(before: Network, after: Network) -> Mapping[str, tuple[str, str]]:
    """What differs, as text before and after."""
    settings = {}
    for name in ("name", "cidr", "cidr_v6", "domain", "dns"):
        old, new = _said(getattr(before, name)), _said(getattr(after, name))
        if old != new:
            settings[name] = (old, new)
    return settings


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)
