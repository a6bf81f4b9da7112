"""Networks: create, list, get, change, delete.

Requests: create 1 to KMS, 1 read + 1 transaction; list 1 + 1 a hundred; get 1; change 1 read + 1
transaction, of the range up to 5 reads, however many peers it moves; delete 2 + 1.
"""

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from itertools import product

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits, require_version
from chalicelib.application.ranges import Ranges, writes_of
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import What
from chalicelib.domain.change.difference import SAME, difference
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import Claim, Release, RemoveAcl, SettleRequest, Write, entries_of
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import DEPLOYMENT, NetworkId, Revision
from chalicelib.domain.network.addresses import require_private, require_room
from chalicelib.domain.network.directory import RangeTaken
from chalicelib.domain.network.errors import MtuTooSmall, NetworkNotEmpty, StaticPeersExist
from chalicelib.domain.network.network import Network, default_domain
from chalicelib.domain.network.patch import NetworkPatch
from chalicelib.domain.peer.errors import EndpointInUse
from chalicelib.domain.peer.peer import IPV6_MTU
from chalicelib.domain.tunnel.route_conflicts import require_domain_beside
from chalicelib.domain.tunnel.sections import touches_endpoint
from chalicelib.domain.unset import UNSET
from chalicelib.ports.allocation import AllocationStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.peer import PeerStore

FIRST_REVISION = Revision(1)
NAMED = 10  # static peers in a refusal


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """What an operator asks for, parsed. `domain` None: the default one."""

    name: str
    cidr: IPv4Network
    cidr_v6: IPv6Network | None
    domain: str | None
    dns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Networks:
    """`hosts`: names of the deployment itself, which no network's domain may hide."""

    edits: NetworkEdits
    networks: NetworkStore
    ranges: Ranges
    peers: PeerStore
    allocations: AllocationStore
    vault: Vault
    clock: Clock
    randomness: Randomness
    hosts: Collection[str]

    def create(self, new: NewNetwork, by: Principal, request: Replayable | None = None) -> Network:
        by.require_all_networks()
        require_room(new.cidr, new.cidr_v6)
        domain = new.domain or default_domain(new.name)
        require_domain_beside(domain, self.hosts)
        now = self.clock.now()
        network_id = NetworkId(self.randomness.new_id("net"))
        network = Network(
            id=network_id,
            name=new.name,
            cidr=new.cidr,
            cidr_v6=new.cidr_v6,
            domain=domain,
            dns=new.dns,
            revision=FIRST_REVISION,
            settings_revision=FIRST_REVISION,
            secret=self.vault.seal_new(network_id),
            created_at=now,
            updated_at=now,
        )

        def attempt() -> Network:
            writes: list[Write] = [*entries_of(network), *self._claimed(network, network, by)]
            if request is not None:
                writes.append(SettleRequest(request.done(network_id)))
            self.edits.commit(None, NetworkEdit(What.NETWORK_CREATED, network, tuple(writes)), by.caller)
            return network

        return retry_on_conflict(self.clock, attempt)

    def page(self, after: str | None, limit: int, by: Principal) -> tuple[Sequence[Network], str | None]:
        """Up to `limit` networks in the order of their creation, and the cursor of the next page."""
        last = None if after is None else NetworkId(after)
        if by.networks is None:
            wanted = self.networks.ids(last, limit + 1)
        else:
            wanted = sorted(known for known in by.networks if last is None or known > last)
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

        def renewed(stored: Network, later: Network) -> tuple[Network, NetworkEdit]:
            network = replace(later, epoch=stored.epoch + 1)
            return network, NetworkEdit(What.PSK_RENEWED, network)

        return self.edits.make(network_id, by.caller, renewed)

    def update(
        self,
        network_id: NetworkId,
        patch: NetworkPatch,
        by: Principal,
        if_match: Set[Revision] | None = None,
        is_public: bool = False,
    ) -> Network:
        """Change the settings that a patch sets: another range moves every peer by this one write.

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

        def updated(before: Network, later: Network) -> tuple[Network, NetworkEdit | None]:
            require_version(before.version, if_match)
            after = self._changed(before, patch)
            if after.cidr != before.cidr and not is_public:
                require_private(after.cidr)
            if difference(before, after) == SAME:
                return before, None
            after = after.with_other_settings(later.updated_at)
            if before.cidr_v6 is None and after.cidr_v6 is not None:
                self._require_mtu(network_id)
            writes: list[Write] = []
            if after.name != before.name:
                writes += [
                    Release(DEPLOYMENT, "network_name", before.name),
                    Claim(DEPLOYMENT, "network_name", after.name, network_id),
                ]
            if after.domain != before.domain or after.cidrs != before.cidrs:
                self._require_endpoints_beside(after)
            if after.cidrs != before.cidrs:
                writes += self._claimed(before, after, by)
            return after, NetworkEdit(What.NETWORK_UPDATED, after, tuple(writes))

        return self.edits.make(network_id, by.caller, updated)

    def delete(
        self, network_id: NetworkId, by: Principal, if_match: Set[Revision] | None = None, is_forced: bool = False
    ) -> None:
        """Delete a network; with peers only when forced: then it is gone at once for everybody who
        asks, and a job removes what it held (see removal)."""
        by.require_sight(network_id)

        def deleted(network: Network, later: Network) -> tuple[None, NetworkEdit]:
            require_version(network.version, if_match)
            if network.peers and not is_forced:
                raise NetworkNotEmpty(network.peers)
            if network.peers:
                return None, NetworkEdit(What.NETWORK_DELETED, replace(later, is_deleting=True))
            return None, removal(later, self.ranges)

        self.edits.make(network_id, by.caller, deleted)

    def _claimed(self, before: Network, after: Network, by: Principal) -> tuple[Write, ...]:
        """What holds a network's ranges, in place of those before."""
        directory = self.ranges.around((*before.cidrs, *after.cidrs))
        try:
            return writes_of(directory.with_network(after))
        except RangeTaken as taken:
            raise self.ranges.overlap(taken, by) from None

    def _require_endpoints_beside(self, network: Network) -> None:
        """Raises EndpointInUse, Invalid: a jump's endpoint lies in the network's range, or under its domain."""
        endpoints = [jump.endpoint for jump in self.peers.jumps(network.id) if jump.endpoint is not None]
        require_domain_beside(network.domain, {*self.hosts, *endpoints})
        for endpoint, cidr in product(endpoints, network.cidrs):
            if touches_endpoint(cidr, endpoint):
                raise EndpointInUse(endpoint, f"{cidr} of network {network.name}")

    def _require_mtu(self, network_id: NetworkId) -> None:
        """Raises MtuTooSmall."""
        small = [peer.name for peer in self.peers.all(network_id) if peer.is_too_small_for_ipv6]
        if small:
            raise MtuTooSmall(small, IPV6_MTU)

    def _changed(self, before: Network, patch: NetworkPatch) -> Network:
        """The network with other settings."""
        name = before.name if patch.name is UNSET else patch.name
        domain = before.domain if patch.domain is UNSET else patch.domain or default_domain(name)
        dns = before.dns if patch.dns is UNSET else patch.dns
        cidr = before.cidr if patch.cidr is UNSET else patch.cidr
        cidr_v6 = before.cidr_v6 if patch.cidr_v6 is UNSET else patch.cidr_v6
        after = replace(before, name=name, domain=domain, dns=dns)
        if (cidr, cidr_v6) == (before.cidr, before.cidr_v6):
            return after
        if not before.grows_to(cidr, cidr_v6) and (statics := self.peers.statics(before.id, NAMED + 1)):
            raise StaticPeersExist([peer.name for peer in statics[:NAMED]], more=len(statics) > NAMED)
        return after.readdressed(cidr, cidr_v6, self.allocations.highest_held(before.id))


def removal(network: Network, ranges: Ranges) -> NetworkEdit:
    """What removes a network without peers, one revision later, and gives back its name and ranges."""
    entries = (Release(DEPLOYMENT, claim.kind, claim.value) for claim in entries_of(network))
    blocks = writes_of(ranges.around(network.cidrs).without_network(network.id))
    return NetworkEdit(What.NETWORK_DELETED, network, (RemoveAcl(network.id), *entries, *blocks), is_last=True)
