"""Webhooks: make, look at, change, delete, test; and their deliveries.

Requests: create 1 read, 1 transaction and 2 to KMS, and 1 read when it names networks; list, get 1 read. Change 1 read
and 1 transaction, and 1 read when it names networks; delete 1 read and 1 transaction; a new secret as much, and 2 to
KMS. Deliveries 2 reads. A test and a redelivery 1 read, 1 write and 1 message.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from chalicelib.application.network_edit import require_version
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import Audit, Commit, SettleRequest, Write
from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import DEPLOYMENT, HookId, NetworkId
from chalicelib.domain.unset import Unset, given
from chalicelib.domain.webhook.act import act_on_hook
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.delivery import Delivery, Outcome, SendEvent
from chalicelib.domain.webhook.errors import DeliveryNotFound, HookNotFound, TooManyHooks
from chalicelib.domain.webhook.event import EventId, EventType, event_of
from chalicelib.domain.webhook.hook import MOST_HOOKS, Hook, is_seen, require_reach
from chalicelib.domain.webhook.signature import secret_text
from chalicelib.domain.webhook.writes import PutHook, RemoveHook
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.queues import HookQueue
from chalicelib.ports.transactions import Transactions
from chalicelib.ports.webhooks import HookStore

Networks = frozenset[NetworkId] | None
Events = frozenset[EventType] | None


@dataclass(frozen=True, slots=True)
class NewHook:
    """What somebody asks for, parsed. `events`, `networks` None: all of them."""

    url: HookUrl
    description: str
    events: Events
    networks: Networks


@dataclass(frozen=True, slots=True)
class HookPatch:
    """What is to be other. `is_enabled` True: what it was switched off for is forgotten."""

    url: HookUrl | Unset
    description: str | Unset
    events: Events | Unset
    networks: Networks | Unset
    is_enabled: bool | Unset


@dataclass(frozen=True, slots=True)
class Hooks:
    store: HookStore
    networks: NetworkStore
    transactions: Transactions
    vault: Vault
    queue: Callable[[], HookQueue]
    clock: Clock
    randomness: Randomness

    def create(self, new: NewHook, by: Principal, request: Replayable | None = None) -> tuple[Hook, str]:
        """Make a hook; its secret exists in the answer only.

        Raises:
            TooManyHooks.
            Invalid: it names a network that is unknown, or that the caller does not see.
            NotAllowed: it is for the whole deployment, and the caller does not decide for that.
        """
        self._require_reach(new.networks, by)
        if len(self.store.every()) >= MOST_HOOKS:
            raise TooManyHooks(MOST_HOOKS)
        now = self.clock.now()
        hook = Hook(
            id=HookId(self.randomness.new_id("whk")),
            url=new.url,
            description=new.description,
            events=new.events,
            networks=new.networks,
            secret=self.vault.seal_new(DEPLOYMENT),
            created_by=by.name,
            created_at=now,
            updated_at=now,
        )
        writes: list[Write] = [PutHook(hook), self._audit("webhook_created", None, hook, by)]
        if request is not None:
            writes.append(SettleRequest(request.done(hook.id)))
        retry_on_conflict(self.clock, lambda: self.transactions.commit(Commit(None, tuple(writes))))
        return hook, self._secret(hook)

    def get(self, hook_id: HookId, by: Principal) -> Hook:
        """Raises HookNotFound."""
        return _seen(hook_id, self.store.get(hook_id), by)

    def page(self, after: str | None, limit: int, by: Principal) -> tuple[list[Hook], str | None]:
        """Up to `limit` hooks that the caller sees, in the order they were made, and the cursor of the next page."""
        found = [hook for hook in self.store.every() if is_seen(hook, by) and (after is None or hook.id > after)]
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    def change(self, hook_id: HookId, patch: HookPatch, by: Principal, if_match: Set[int] | None = None) -> Hook:
        """Raises HookNotFound, Invalid, NotAllowed, Stale."""

        def changed(before: Hook) -> Hook:
            wanted = given(patch)
            is_enabled = wanted.pop("is_enabled", before.off is None)
            after: Hook = replace(before, **wanted).switched(is_enabled)
            if after != before:
                self._require_reach(after.networks, by)
            return after

        return self._edit("webhook_changed", hook_id, changed, by, if_match)

    def rotate(self, hook_id: HookId, by: Principal) -> tuple[Hook, str]:
        """Give it a new secret; the one before signs as well for a day. The new one exists in the answer only."""
        sealed = self.vault.seal_new(DEPLOYMENT)
        now = self.clock.now()
        after = self._edit("webhook_secret_rotated", hook_id, lambda before: before.rotated(sealed, now), by)
        return after, self._secret(after)

    def delete(self, hook_id: HookId, by: Principal, if_match: Set[int] | None = None) -> None:
        """Raises HookNotFound, Stale."""

        def attempt() -> None:
            hook = self.get(hook_id, by)
            require_version(hook.revision, if_match)
            audit = self._audit("webhook_deleted", hook, None, by)
            self.transactions.commit(Commit(None, (RemoveHook(hook), audit)))

        retry_on_conflict(self.clock, attempt)

    def test(self, hook_id: HookId, by: Principal) -> Delivery:
        """Send an event that says only that it is a test; also to a hook that is switched off."""
        hook = self.get(hook_id, by)
        now = self.clock.now()
        source = self.randomness.new_id("req")
        event = event_of(EventType.TEST, now, None, source, webhook_id=hook.id, by=by.name)
        return self._send(hook, Delivery(event))

    def deliveries(
        self, hook_id: HookId, before: str | None, limit: int, by: Principal
    ) -> tuple[Sequence[Delivery], EventId | None]:
        """Up to `limit` deliveries of the last 7 days, the newest event first, and the cursor of the next page."""
        self.get(hook_id, by)
        return self.store.deliveries(hook_id, limit, None if before is None else EventId(before))

    def redeliver(self, hook_id: HookId, event_id: EventId, by: Principal) -> Delivery:
        """Send an event once more, whatever became of it.

        Raises:
            HookNotFound, DeliveryNotFound.
        """
        hooks, deliveries = self.store.with_deliveries([(hook_id, event_id)])
        hook, delivery = _seen(hook_id, hooks.get(hook_id), by), deliveries.get((hook_id, event_id))
        if delivery is None:
            raise DeliveryNotFound(event_id)
        return self._send(hook, replace(delivery, outcome=Outcome.WAITING, tries=0, next_at=None))

    def _send(self, hook: Hook, delivery: Delivery) -> Delivery:
        self.store.put_delivery(hook.id, delivery)
        self.queue().put([SendEvent(hook.id, delivery.event, is_again=True)])
        return delivery

    def _edit(
        self,
        action: str,
        hook_id: HookId,
        edit: Callable[[Hook], Hook],
        by: Principal,
        if_match: Set[int] | None = None,
    ) -> Hook:
        def attempt() -> Hook:
            before = self.get(hook_id, by)
            require_version(before.revision, if_match)
            edited = edit(before)
            if edited == before:
                return before
            after = replace(edited, revision=before.later(self.clock.now()).revision, updated_at=self.clock.now())
            self.transactions.commit(Commit(None, (PutHook(after), self._audit(action, before, after, by))))
            return after

        return retry_on_conflict(self.clock, attempt)

    def _require_reach(self, networks: Networks, by: Principal) -> None:
        """Raises Invalid: one is unknown, or out of the caller's sight: the two look the same."""
        require_reach(networks, by)
        named = sorted(networks or ())
        known = {network.id for network in self.networks.many(named)} if named else set[NetworkId]()
        unseen = [network_id for network_id in named if network_id not in known or not by.sees(network_id)]
        if unseen:
            raise Invalid([("networks", f"There is no network {network_id}.") for network_id in unseen])

    def _secret(self, hook: Hook) -> str:
        return secret_text(self.vault.open(DEPLOYMENT, hook.secret))

    def _audit(self, action: str, before: Hook | None, after: Hook | None, by: Principal) -> Audit:
        audit_id = AuditId(self.randomness.new_id("aud"))
        return Audit(act_on_hook(action, before, after).record(audit_id, self.clock.now(), by.caller))


def _seen(hook_id: HookId, hook: Hook | None, by: Principal) -> Hook:
    if hook is None or not is_seen(hook, by):
        raise HookNotFound(hook_id)
    return hook
