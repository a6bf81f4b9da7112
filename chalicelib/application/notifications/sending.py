"""The sending of events to webhooks: once each, and again until they are taken.

Requests: a batch 1 read, then for each event 1 write, 1 message more when it is to be tried again or was given up, and
1 write when its hook begins to fail, works again or is switched off; a secret is opened once a process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.change.writes import Audit, Commit
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.principal import job
from chalicelib.domain.ids import DEPLOYMENT
from chalicelib.domain.webhook.act import act_on_hook
from chalicelib.domain.webhook.delivery import Answer, Delivery, Outcome, SendEvent
from chalicelib.domain.webhook.event import EventType
from chalicelib.domain.webhook.hook import Hook, SwitchedOff
from chalicelib.domain.webhook.signature import signed_headers
from chalicelib.domain.webhook.writes import PutHook
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.queues import HookQueue
from chalicelib.ports.transactions import CommitConflict, Transactions
from chalicelib.ports.webhooks import HookStore, Post, Receivers
from chalicelib.wire import webhooks as wire
from chalicelib.wire.codec import encode

SENDER = job("webhooks")
LONGEST_DELAY = timedelta(minutes=15)  # of a message, SQS: what waits for longer goes through the queue again


@dataclass(frozen=True, slots=True)
class Sending:
    store: HookStore
    transactions: Transactions
    vault: Vault
    queue: HookQueue
    receivers: Callable[[], Receivers]
    clock: Clock
    randomness: Randomness

    def send(self, tasks: Sequence[SendEvent]) -> None:
        """Send what is due, at the same time; what is not goes back into the queue. 50 at most."""
        now = self.clock.now()
        for task in tasks:
            if task.due_at is not None and task.due_at > now:
                self.queue.put([task], min(_whole(task.due_at - now), LONGEST_DELAY))
        once = {(task.hook_id, task.event.id): task for task in tasks if task.due_at is None or task.due_at <= now}
        hooks, deliveries = self.store.with_deliveries(once.keys())
        wanted = [
            (task, hooks[task.hook_id], deliveries.get(key) or Delivery(task.event))
            for key, task in once.items()
            if task.hook_id in hooks and not task.is_done(deliveries.get(key))
        ]
        sent = [(task, hook, before) for task, hook, before in wanted if hook.off is None or task.is_again]
        answers = self.receivers().post_all([self._post(hook, delivery) for _, hook, delivery in sent]) if sent else ()
        for (task, hook, delivery), answer in zip(sent, answers, strict=True):
            self._settle(task, hook, delivery, answer)

    def _post(self, hook: Hook, delivery: Delivery) -> Post:
        event, now = delivery.event, self.clock.now()
        body = encode(wire.Event(type=event.type.value, timestamp=event.at, data=dict(event.data)))
        secrets = [self.vault.open(DEPLOYMENT, secret) for secret in hook.secrets(now)]
        headers = {"Content-Type": "application/json", "User-Agent": "Wirety-Webhooks"}
        return Post(hook.url, headers | signed_headers(event.id, now, body, secrets), body)

    def _settle(self, task: SendEvent, hook: Hook, before: Delivery, answer: Answer) -> None:
        """The message first: what is doubled is done once, what is lost is never done."""
        now, event = self.clock.now(), task.event
        after = before.after(answer, now, self.randomness.share())
        is_test = event.type is EventType.TEST
        if after.next_at is not None and not is_test:
            self.queue.put([task.next(after)], min(_whole(after.next_at - now), LONGEST_DELAY))
        elif after.outcome is Outcome.FAILED and not is_test:
            self.queue.put_aside(SendEvent(hook.id, event, is_again=True))
        self.store.put_delivery(hook.id, after.ended() if is_test else after)
        if not is_test:
            self._note(hook, answer)

    def _note(self, hook: Hook, answer: Answer) -> None:
        """Whether the hook works."""
        now = self.clock.now()
        if answer.is_success:
            if hook.failing_since is not None:
                self.store.note_failing(hook.id, None)
        elif hook.off is None and (answer.is_gone or hook.is_given_up(now)):
            self._switch_off(hook, SwitchedOff.GONE if answer.is_gone else SwitchedOff.FAILING)
        elif hook.failing_since is None:
            self.store.note_failing(hook.id, now)

    def _switch_off(self, hook: Hook, why: SwitchedOff) -> None:
        """No effect when somebody changed it meanwhile: its next failure comes to the same."""
        now = self.clock.now()
        after = hook.switched_off(why, now)
        act = act_on_hook("webhook_switched_off", hook, after)
        record = act.record(AuditId(self.randomness.new_id("aud")), now, SENDER)
        try:
            self.transactions.commit(Commit(None, (PutHook(after), Audit(record))))
        except CommitConflict:
            return


def _whole(wait: timedelta) -> timedelta:
    """SQS takes whole seconds."""
    return timedelta(seconds=int(wait.total_seconds()) + 1)
