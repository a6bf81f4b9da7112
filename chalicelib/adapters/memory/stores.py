"""What is configured: networks, peers, allocations, accounts."""

from collections.abc import Collection, Iterator, Sequence

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.errors import NetworkNotFound, PeerNotFound
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId
from chalicelib.domain.ipam import Allocation
from chalicelib.domain.network import Directory, Network
from chalicelib.domain.peer import Kind, Peer, PeerRecord, Tombstone
from chalicelib.domain.user import User
from chalicelib.ports import ApiToken

# Dicts are copied before they are gone through: other threads may write meanwhile.


class MemoryNetworks:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, network_id: NetworkId) -> Network:
        self._tables.requests["read"] += 1
        try:
            return self._tables.networks[network_id]
        except KeyError:
            raise NetworkNotFound(network_id) from None

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        self._tables.requests["read"] += 1
        return [self._tables.networks[known] for known in network_ids if known in self._tables.networks]

    def directory(self) -> Directory:
        self._tables.requests["read"] += 1
        return self._tables.directory


class MemoryPeers:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, network_id: NetworkId, peer_id: PeerId) -> PeerRecord:
        self._tables.requests["read"] += 1
        try:
            return self._tables.peers[network_id, peer_id]
        except KeyError:
            raise PeerNotFound(peer_id) from None

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[Peer]:
        if not peer_ids:
            return []
        return [peer for peer in self.all(network_id) if peer.id in peer_ids]

    def page(self, network_id: NetworkId, after: PeerId | None, limit: int) -> list[Peer]:
        return [peer for peer in self.all(network_id) if after is None or peer.id > after][:limit]

    def all(self, network_id: NetworkId) -> list[Peer]:
        self._tables.requests["read"] += 1
        own = [record.peer for (network, _), record in list(self._tables.peers.items()) if network == network_id]
        return sorted(own, key=lambda peer: peer.id)

    def jumps(self, network_id: NetworkId) -> list[Peer]:
        return [peer for peer in self.all(network_id) if peer.kind is Kind.JUMP]

    def router_ids(self, network_id: NetworkId) -> set[PeerId]:
        self._tables.requests["read"] += 1
        claims = list(self._tables.claims.items())
        return {peer_id for (network, kind, _), peer_id in claims if network == network_id and kind == "route"}

    def tombstone(self, network_id: NetworkId, peer_id: PeerId) -> Tombstone | None:
        self._tables.requests["read"] += 1
        return self._tables.tombstones.get((network_id, peer_id))


class MemoryAllocations:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def taken_from(self, network_id: NetworkId, index: int) -> Iterator[int]:
        self._tables.requests["read"] += 1
        return iter(
            sorted(at for network, at in list(self._tables.allocations) if network == network_id and at >= index)
        )

    def get(self, network_id: NetworkId, index: int) -> Allocation | None:
        self._tables.requests["read"] += 1
        _, allocation = self._tables.allocations.get((network_id, index), (None, None))
        return allocation

    def oldest_freed(self, network_id: NetworkId) -> Allocation | None:
        self._tables.requests["read"] += 1
        stored = list(self._tables.allocations.items())
        own = [allocation for (network, _), (_, allocation) in stored if network == network_id]
        freed = [(allocation.freed_at, allocation.index) for allocation in own if allocation.freed_at is not None]
        return next((Allocation(index, freed_at) for freed_at, index in sorted(freed)), None)


class MemoryAccounts:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get_user(self, user_id: PrincipalId) -> User | None:
        self._tables.requests["read"] += 1
        return self._tables.users.get(user_id)

    def add_user(self, user: User) -> None:
        self._tables.requests["write"] += 1
        self._tables.users.setdefault(user.id, user)

    def put_token(self, token: ApiToken) -> None:
        self._tables.requests["write"] += 1
        self._tables.tokens[token.principal.id] = token

    def get_token(self, token_id: str) -> ApiToken | None:
        self._tables.requests["read"] += 1
        return self._tables.tokens.get(token_id)
