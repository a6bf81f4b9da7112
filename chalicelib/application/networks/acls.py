"""A network's access control list: read, replace.

Requests: read 2; replace 2, and 1 a hundred peers that rules name, + 1 transaction.
"""

from collections.abc import Set
from dataclasses import dataclass, replace

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.change.difference import difference
from chalicelib.domain.change.writes import AdvanceNetwork, Commit, WriteAcl
from chalicelib.domain.errors import Invalid, Stale
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.acl import Acl, AclRule
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Acls:
    transactions: Transactions
    networks: NetworkStore
    peers: PeerStore
    clock: Clock

    def get(self, network_id: NetworkId, by: Principal) -> Acl:
        by.require_sight(network_id)
        self.networks.get(network_id)
        return self.networks.acl(network_id)

    def replace(
        self, network_id: NetworkId, rules: tuple[AclRule, ...], by: Principal, if_match: Set[int] | None = None
    ) -> Acl:
        """Put other rules in force.

        Raises:
            Stale: the stored version is none of `if_match`.
            Invalid: a rule names a peer that is not there.
        """
        by.require_sight(network_id)

        def attempt() -> Acl:
            now = self.clock.now()
            stored = self.networks.get(network_id)
            if if_match is not None and stored.acl_version not in if_match:
                raise Stale
            before = self.networks.acl(network_id)
            acl = Acl(network_id, stored.acl_version + 1, rules)
            if before.rules == rules:
                return before
            self._require_known(acl)
            network = replace(stored.advanced(now), acl_version=acl.version)
            other = difference(stored, network)
            change = Change(network_id, network.revision, now, by.id, What.ACL_REPLACED, network=other)
            self.transactions.commit(Commit(change, (AdvanceNetwork(network), WriteAcl(acl))))
            return acl

        return retry_on_conflict(self.clock, attempt)

    def _require_known(self, acl: Acl) -> None:
        named = acl.peer_ids()
        known = {peer.id for peer in self.peers.many(acl.network_id, list(named))} if named else set()
        errors = [
            (field, f"There is no peer {peer_id} in this network.")
            for peer_id, field in named.items()
            if peer_id not in known
        ]
        if errors:
            raise Invalid(errors)
