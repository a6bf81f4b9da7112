"""What is configured: networks, peers, allocations, the change log, accounts."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib.adapters.memory.tables import BATCH, BATCH_READ, MemoryTables
from chalicelib.domain.bundle.signing import SigningKeys
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.rollout import FEW, Expected, Mark, Rollout
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import DEPLOYMENT, NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.domain.network.directory import Block, BlockKey, Directory
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import Kind, Peer, PeerRecord, Tombstone
from chalicelib.ports.identity import ApiToken
from chalicelib.ports.peer import Holding

LISTED = (DEPLOYMENT, "network")  # claims that are the list of networks
MARKS = 99  # of one revision in a transaction, with its count
PREFIXES = {Kind.JUMP: "jmp_", Kind.DYNAMIC: "dyn_", Kind.STATIC: "sta_"}
PAGE = 100  # of a query; between two pages everything may change

# Dicts are copied before they are gone through: other threads may write meanwhile.


class MemoryNetworks:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, network_id: NetworkId) -> Network:
        self._tables.requests["read"] += 1
        network = self._tables.networks.get(network_id)
        if network is None or network.is_deleting:
            raise NetworkNotFound(network_id)
        return network

    def deleting(self, network_id: NetworkId) -> Network | None:
        self._tables.requests["read"] += 1
        network = self._tables.networks.get(network_id)
        return network if network is not None and network.is_deleting else None

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        self._tables.requests["read"] += 1
        found = (self._tables.networks[known] for known in network_ids if known in self._tables.networks)
        return [network for network in found if not network.is_deleting]

    def ids(self, after: NetworkId | None, limit: int) -> list[NetworkId]:
        self._tables.requests["read"] += 1
        stored = (value for network_id, kind, value in list(self._tables.claims) if (network_id, kind) == LISTED)
        return sorted(NetworkId(value) for value in stored if after is None or value > after)[:limit]

    def directory(self, keys: Collection[BlockKey]) -> Directory:
        self._tables.requests["read"] += -(-len(keys) // PAGE)
        return Directory({key: self._tables.blocks.get(key, Block(key)) for key in keys})

    def acl(self, network_id: NetworkId) -> Acl:
        self._tables.requests["read"] += 1
        return self._tables.acls.get(network_id, Acl(network_id, 0, ()))


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
        return [record.peer for record in self.records_of(network_id, peer_ids)]

    def records_of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[PeerRecord]:
        self._tables.requests["read"] += -(-len(peer_ids) // PAGE)
        found = (self._tables.peers.get((network_id, peer_id)) for peer_id in peer_ids)
        return [record for record in found if record is not None]

    def page(self, network_id: NetworkId, after: PeerId | None, limit: int, kind: Kind | None = None) -> list[Peer]:
        return [record.peer for record in self._query(network_id, after or "", limit, kind)]

    def records(self, network_id: NetworkId, limit: int) -> list[PeerRecord]:
        return self._query(network_id, "", limit)

    def all(self, network_id: NetworkId) -> list[Peer]:
        found: list[Peer] = []
        while page := self._query(network_id, found[-1].id if found else "", PAGE):
            found += (record.peer for record in page)
            if len(page) < PAGE:
                break
            self._tables.adversary.between_pages()
        return found

    def keyed(self, network_id: NetworkId) -> frozenset[PeerId]:
        self._tables.requests["read"] += 1
        claims = list(self._tables.claims.items())
        return frozenset(
            PeerId(peer_id) for (network, kind, _), peer_id in claims if (network, kind) == (network_id, "key")
        )

    def jumps(self, network_id: NetworkId) -> list[Peer]:
        return self._of(network_id, Kind.JUMP)

    def statics(self, network_id: NetworkId, limit: int) -> list[Peer]:
        return self._of(network_id, Kind.STATIC)[:limit]

    def routers(self, network_id: NetworkId) -> list[Peer]:
        self._tables.requests["read"] += 1
        claims = list(self._tables.claims.items())
        ids = {PeerId(peer_id) for (network, kind, _), peer_id in claims if network == network_id and kind == "route"}
        return self.many(network_id, ids)

    def tombstone(self, network_id: NetworkId, peer_id: PeerId) -> Tombstone | None:
        self._tables.requests["read"] += 1
        return self._tables.tombstones.get((network_id, peer_id))

    def _of(self, network_id: NetworkId, kind: Kind) -> list[Peer]:
        self._tables.requests["read"] += 1
        prefix = PREFIXES[kind]
        keys = [key for key in list(self._tables.peers) if key[1].startswith(prefix) and key[0] == network_id]
        found = (self._tables.peers.get(key) for key in sorted(keys))
        return [record.peer for record in found if record is not None]

    def _query(self, network_id: NetworkId, after: str, limit: int, kind: Kind | None = None) -> list[PeerRecord]:
        self._tables.requests["read"] += 1
        stored = list(self._tables.peers.items())
        own = [record for (network, peer_id), record in stored if network == network_id and peer_id > after]
        chosen = (record for record in own if kind is None or record.peer.kind is kind)
        return sorted(chosen, key=lambda record: record.peer.id)[:limit]


class MemoryAllocations:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def taken(self, network_id: NetworkId, span: Span) -> Iterator[Holding]:
        self._tables.requests["read"] += 1
        own = [held for (network, at), held in self._stored() if network == network_id and at in span]
        return iter(sorted((Holding(one, peer_id) for peer_id, one in own), key=lambda held: held.allocation.index))

    def get(self, network_id: NetworkId, index: int) -> Allocation | None:
        self._tables.requests["read"] += 1
        _, allocation = self._tables.allocations.get((network_id, index), (None, None))
        return allocation

    def freed(self, network_id: NetworkId, since: datetime | None = None) -> Iterator[Allocation]:
        self._tables.requests["read"] += 1
        own = [allocation for (network, _), (_, allocation) in self._stored() if network == network_id]
        freed = [(one.freed_at, one.index) for one in own if one.freed_at is not None]
        return iter([Allocation(index, at) for at, index in sorted(freed) if since is None or at >= since])

    def highest_held(self, network_id: NetworkId) -> int:
        self._tables.requests["read"] += 1
        held = (index for (network, index), (peer_id, _) in self._stored() if network == network_id and peer_id)
        return max(held, default=0)

    def _stored(self) -> list[tuple[tuple[NetworkId, int], tuple[PeerId | None, Allocation]]]:
        return list(self._tables.allocations.copy().items())  # a copy is made at once, whatever other threads write


class MemoryLeftovers:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def sweep(self, network_id: NetworkId) -> bool:
        for table in (self._tables.allocations, self._tables.changes, self._tables.expected, self._tables.marks):
            own = [key for key in table if key[0] == network_id][:BATCH_READ]
            self._tables.requests["read"] += 1
            if own:
                self._tables.requests["write"] += math.ceil(len(own) / BATCH)
                for key in own:
                    del table[key]  # type: ignore[arg-type]
                return True
        return False


class MemoryChanges:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def between(self, network_id: NetworkId, after: Revision, up_to: Revision | None = None) -> list[Change]:
        own = self._own(network_id)
        found = [change for change in own if after < change.revision and (up_to is None or change.revision <= up_to)]
        return self._tables.adversary.log(found)

    def page(self, network_id: NetworkId, before: Revision | None, limit: int) -> list[Change]:
        own = [change for change in self._own(network_id) if before is None or change.revision < before]
        return own[::-1][:limit]

    def _own(self, network_id: NetworkId) -> list[Change]:
        self._tables.requests["read"] += 1
        own = [change for (network, _), change in list(self._tables.changes.items()) if network == network_id]
        return sorted(own, key=lambda change: change.revision)


class MemoryRollouts:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected], now: datetime) -> None:
        self._tables.requests["write"] += math.ceil(len(concerned) / BATCH)
        for revision, expected in concerned.items():
            self._tables.expected[network_id, revision] = expected

    def rollouts(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, Rollout]:
        self._tables.requests["read"] += 1
        found = dict(self._tables.expected).items()
        return {
            revision: self._rollout(network_id, revision, expected)
            for (known, revision), expected in found
            if known == network_id and first <= revision <= last
        }

    def concerned(self, network_id: NetworkId, revision: Revision) -> frozenset[PeerId]:
        self._tables.requests["read"] += 1
        agents = self._tables.expected[network_id, revision].agents
        return agents if len(agents) > FEW else frozenset()

    def count(self, network_id: NetworkId, marks: Collection[Mark], now: datetime) -> None:
        self._tables.requests["transaction"] += math.ceil(len(marks) / MARKS)
        with self._tables.lock:
            for mark in marks:
                self._tables.marks.setdefault((network_id, mark.revision), {}).setdefault(mark.peer_id, mark)

    def _rollout(self, network_id: NetworkId, revision: Revision, expected: Expected) -> Rollout:
        few = expected.agents if len(expected.agents) <= FEW else None
        marks = self._tables.marks.get((network_id, revision), {})
        return Rollout(expected.at, len(expected.agents), few=few).with_marks(list(marks.values()))


class MemorySigningKeys:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self) -> SigningKeys | None:
        self._tables.requests["read"] += 1
        return self._tables.signing

    def put(self, keys: SigningKeys) -> bool:
        self._tables.requests["write"] += 1
        with self._tables.lock:
            known = self._tables.signing
            if keys == known:
                return True
            if keys.number != (1 if known is None else known.number + 1):
                return False
            self._tables.signing = keys
        return True


class MemoryRequests:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def begin(self, attempt: Replayable) -> Replayable | None:
        self._tables.requests["write"] += 1
        with self._tables.lock:
            stored = self._tables.replayable.setdefault((attempt.principal, attempt.key), attempt)
        if stored.attempt == attempt.attempt:
            return None
        self._tables.requests["read"] += 1
        return stored

    def take_over(self, stored: Replayable, attempt: Replayable) -> bool:
        self._tables.requests["write"] += 1
        with self._tables.lock:
            if not (self._stands(stored) or self._stands(attempt)):
                return False
            self._tables.replayable[attempt.principal, attempt.key] = attempt
        return True

    def forget(self, attempt: Replayable) -> None:
        self._tables.requests["write"] += 1
        with self._tables.lock:
            if self._stands(attempt):
                del self._tables.replayable[attempt.principal, attempt.key]

    def _stands(self, request: Replayable) -> bool:
        now = self._tables.replayable.get((request.principal, request.key))
        return now is not None and (now.attempt, now.is_done) == (request.attempt, request.is_done)


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
