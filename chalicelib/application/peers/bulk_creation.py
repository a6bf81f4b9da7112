"""Making many peers at a time.

Requests: those of one peer a transaction of up to about 19 peers (16 static ones), or 250 KB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.application.idempotency import Requests
from chalicelib.application.packing import Room, fitting
from chalicelib.application.peers.creation import Creation
from chalicelib.application.peers.new_peer import Draft, NewPeer, PeerCreated, PeerRejected
from chalicelib.application.peers.peer_view import PeerView, PeerViews
from chalicelib.application.retry import PATIENCE_S, retry_on_conflict
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import Claim
from chalicelib.domain.errors import Busy, Refusal
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.errors import AddressPoolExhausted
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound, PeerNotMade
from chalicelib.ports.transactions import CommitConflict, ConditionFailed

BULK_TIME = timedelta(seconds=20)  # API Gateway answers for a function after 29
LEAST_PATIENCE_S = 1.0
REQUEST_ITEM = 1


@dataclass(frozen=True, slots=True)
class BulkCreation:
    creation: Creation
    views: PeerViews
    requests: Requests

    def create(
        self,
        network_id: NetworkId,
        asked: Sequence[NewPeer | Refusal],
        by: Principal,
        request: Replayable | None = None,
    ) -> list[PeerCreated | PeerView | Refusal]:
        """Create each that can be; answers what became of each, in order.

        Args:
            asked: one that did not parse stands as its refusal.
            request: an attempt that ended halfway is gone on with: what it made is answered as it is now.
        """
        by.require_sight(network_id)
        network = self.creation.networks.get(network_id)
        asked = self._with_owners(asked)
        outcomes: dict[int, PeerCreated | PeerView | Refusal] = {
            n: new for n, new in enumerate(asked) if isinstance(new, Refusal)
        }
        if request is not None and request.made:
            outcomes |= self._made_before(network, request)
        waiting = [
            (n, self.creation.draft(network_id, new))
            for n, new in enumerate(asked)
            if n not in outcomes and not isinstance(new, Refusal)
        ]
        deadline = self.creation.clock.now() + BULK_TIME
        while waiting:
            left_s = (deadline - self.creation.clock.now()).total_seconds()
            if left_s < LEAST_PATIENCE_S:
                outcomes |= {n: Busy() for n, _ in waiting}
                break
            batch = self._batch(waiting)
            made, failed = self._create_batch(network_id, batch, by, request, min(left_s, PATIENCE_S))
            outcomes |= made
            outcomes |= failed
            if request is not None:
                request = request.with_peers({n: created.peer.id for n, created in made.items()})
            waiting = [(n, draft) for n, draft in waiting if n not in outcomes]
        if request is not None:
            self.requests.finish(request)
        return [outcomes[n] for n in range(len(asked))]

    def _with_owners(self, asked: Sequence[NewPeer | Refusal]) -> list[NewPeer | Refusal]:
        """Refuse those whose owner is no user here."""
        strangers = self.creation.owners.strangers(one.owner_id for one in asked if isinstance(one, NewPeer))
        return [
            strangers.get(one.owner_id, one) if isinstance(one, NewPeer) and one.owner_id is not None else one
            for one in asked
        ]

    def _batch(self, waiting: Sequence[tuple[int, Draft]]) -> Sequence[tuple[int, Draft]]:
        """As many as surely fit into one transaction, whose change record holds what they all say."""
        limits = self.creation.edits.limits
        items: Room[tuple[int, Draft]] = Room(limits.items - REQUEST_ITEM, lambda one: one[1].new.items)
        size_bytes: Room[tuple[int, Draft]] = Room(limits.item_bytes * 5 // 8, lambda one: one[1].new.size_bytes)
        return fitting(waiting, items, size_bytes)

    def created_before(
        self, network_id: NetworkId, count: int, by: Principal, request: Replayable
    ) -> list[PeerView | Refusal]:
        """What became of each of so many peers of a request that is done."""
        by.require_sight(network_id)
        made = self._made_before(self.creation.networks.get(network_id), request)
        return [made.get(n, PeerNotMade()) for n in range(count)]

    def _made_before(self, network: Network, request: Replayable) -> dict[int, PeerView | Refusal]:
        """What earlier attempts made, by place; a peer may have been deleted since."""
        peers = self.creation.peers.many(network.id, request.peers.values())
        views = {view.peer.id: view for view in self.views.shown(network, peers)}
        return {n: views.get(peer_id, PeerNotFound(peer_id)) for n, peer_id in request.peers.items()}

    def _create_batch(
        self,
        network_id: NetworkId,
        batch: Sequence[tuple[int, Draft]],
        by: Principal,
        request: Replayable | None,
        patience_s: float,
    ) -> tuple[dict[int, PeerCreated], dict[int, Refusal]]:
        """Create those of a batch that can be, in one transaction; one that cannot leaves it."""
        drafts = dict(batch)
        failed: dict[int, Refusal] = {}

        def attempt() -> dict[int, PeerCreated]:
            while drafts:
                try:
                    return self._create_all(network_id, drafts, by, request)
                except PeerRejected as rejected:
                    failed.update(_left_out(rejected, drafts))
                for n in failed:
                    drafts.pop(n, None)
            return {}

        try:
            return retry_on_conflict(self.creation.clock, attempt, patience_s), failed
        except Busy as busy:
            return {}, {**failed, **dict.fromkeys(drafts, busy)}

    def _create_all(
        self, network_id: NetworkId, drafts: dict[int, Draft], by: Principal, request: Replayable | None
    ) -> dict[int, PeerCreated]:
        """Raises PeerRejected: one of them cannot be."""
        settled: list[Replayable] = []
        if request is not None:
            settled.append(request.with_peers({n: draft.id for n, draft in drafts.items()}))
        try:
            return dict(zip(drafts, self.creation.commit(network_id, list(drafts.values()), by, settled), strict=True))
        except ConditionFailed as refused:
            clashing = {n: draft.relabelled() for n, draft in drafts.items() if draft.is_clash(refused.write)}
            if clashing:
                drafts |= clashing
                raise CommitConflict from refused
            refusal = refused.commit.refusal(refused.write)
            if refusal is None or not isinstance(refused.write, Claim):
                raise
            raise PeerRejected(PeerId(refused.write.peer_id), refusal) from refused


def _left_out(rejected: PeerRejected, drafts: dict[int, Draft]) -> dict[int, Refusal]:
    """The one that cannot be; without an address for it, there is none for those that come after either."""
    culprit = next(n for n, draft in drafts.items() if draft.id == rejected.peer_id)
    left_out = {culprit: rejected.refusal}
    if isinstance(rejected.refusal, AddressPoolExhausted):
        left_out |= {n: rejected.refusal for n, draft in drafts.items() if n > culprit and not draft.new.address}
    return left_out
