"""Networks: create, list, get, delete.

Requests: create 1 read + 1 transaction; list 1 + 1 a hundred; get 1; delete 2 + 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from chalicelib.application.contention import decide
from chalicelib.domain.change import Change, Commit, CreateNetwork, RemoveNetwork, What, WriteDirectory
from chalicelib.domain.errors import NetworkNotEmpty
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.domain.network import Network
from chalicelib.domain.principal import Principal
from chalicelib.ports import Clock, NetworkStore, Randomness, Transactions

FIRST_REVISION = Revision(1)
FIRST_INDEX = 1  # index 0 is the network address


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
    transactions: Transactions
    networks: NetworkStore
    clock: Clock
    randomness: Randomness

    def create(self, new: NewNetwork, by: Principal) -> Network:
        by.require_all_networks()
        now = self.clock.now()
        network = Network(
            id=NetworkId(self.randomness.new_id("net")),
            name=new.name,
            cidr=new.cidr,
            cidr_v6=new.cidr_v6,
            domain=new.domain,
            dns=new.dns,
            revision=FIRST_REVISION,
            next_index=FIRST_INDEX,
            peers=0,
            created_at=now,
            updated_at=now,
        )
        change = Change(network.id, network.revision, now, by.id, What.NETWORK_CREATED)

        def attempt() -> Network:
            directory = self.networks.directory().with_network(network)
            self.transactions.commit(Commit(change, (CreateNetwork(network), WriteDirectory(directory))))
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

    def delete(self, network_id: NetworkId, by: Principal) -> None:
        by.require_sight(network_id)

        def attempt() -> None:
            network = self.networks.get(network_id)
            if network.peers:
                raise NetworkNotEmpty(network.peers)
            now = self.clock.now()
            gone = network.advanced(now)
            directory = self.networks.directory().without_network(network_id)
            change = Change(network_id, gone.revision, now, by.id, What.NETWORK_DELETED)
            self.transactions.commit(Commit(change, (RemoveNetwork(network), WriteDirectory(directory))))

        decide(self.clock, attempt)
