"""The deployment's settings: who is let in without an invitation, and how many peers members own.

Requests: get 1; replace 1 read and 1 transaction.
"""

from collections.abc import Set
from dataclasses import dataclass

from chalicelib.application.network_edit import require_version
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.writes import Audit, Commit
from chalicelib.domain.identity.act import act_on_settings
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.user import Admission
from chalicelib.domain.identity.writes import PutSettings
from chalicelib.domain.ids import Revision
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class SettingsEdits:
    """`admission`: as the deployment's parameters say, until somebody decides otherwise here."""

    store: AccountStore
    transactions: Transactions
    admission: Admission
    clock: Clock
    randomness: Randomness

    def get(self, by: Principal) -> DeploymentSettings:
        by.require_all_networks()
        return self._stored()

    def replace(
        self, default_role: Role | None, member_peer_limit: int, by: Principal, if_match: Set[Revision] | None = None
    ) -> DeploymentSettings:
        """Raises Stale."""
        by.require_all_networks()

        def attempt() -> DeploymentSettings:
            before = self._stored()
            require_version(before.revision, if_match)
            after = DeploymentSettings(default_role, member_peer_limit, Revision(before.revision + 1))
            if (before.default_role, before.member_peer_limit) == (default_role, member_peer_limit):
                return before
            audit_id = AuditId(self.randomness.new_id("aud"))
            record = act_on_settings(before, after).record(audit_id, self.clock.now(), by.caller)
            self.transactions.commit(Commit(None, (PutSettings(after), Audit(record))))
            return after

        return retry_on_conflict(self.clock, attempt, what="the settings")

    def _stored(self) -> DeploymentSettings:
        return self.store.settings() or DeploymentSettings(self.admission.default_role)
