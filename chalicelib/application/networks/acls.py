"""A network's access control list: read, replace.

Requests: read 2; replace 2, and 1 a hundred peers that rules name, + 1 transaction.
"""

from collections.abc import Set
from dataclasses import dataclass, replace

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits, require_version
from chalicelib.domain.change.change import What
from chalicelib.domain.change.writes import WriteAcl
from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.acl import Acl, AclRule
from chalicelib.domain.network.network import Network
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.peer import PeerStore


@dataclass(frozen=True, slots=True)
class Acls:
    edits: NetworkEdits
    networks: NetworkStore
    peers: PeerStore

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

        def replaced(stored: Network, later: Network) -> tuple[Acl, NetworkEdit | None]:
            require_version(stored.acl_version, if_match)
            before = self.networks.acl(network_id)
            if before.rules == rules:
                return before, None
            acl = Acl(network_id, stored.acl_version + 1, rules)
            self._require_known(acl)
            network = replace(later, acl_version=acl.version)
            return acl, NetworkEdit(What.ACL_REPLACED, network, (WriteAcl(acl),))

        return self.edits.make(network_id, by.caller, replaced)

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
