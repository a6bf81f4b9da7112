"""Events on their way to receivers."""

import pytest
from standardwebhooks import Webhook

from chalicelib.application.notifications.sending import Sending
from chalicelib.domain.webhook.delivery import WAITS, Answer, Outcome, SendEvent
from chalicelib.domain.webhook.event import EventType, event_of
from chalicelib.domain.webhook.hook import GIVEN_UP_AFTER, SwitchedOff
from tests.application.notifications.test_hooks import NEW
from tests.builders import ADMINISTRATOR, T0
from tests.world import World

EVENT = event_of(EventType.PEER_CREATED, T0, None, "1", name="one")


@pytest.fixture
def sending(world: World) -> Sending:
    out = world.outside
    return Sending(
        out.hooks, out.transactions, out.vault, out.hook_tasks, lambda: out.receivers, out.clock, out.randomness
    )


def test_a_delivery_is_signed_and_done_once(world: World, sending: Sending) -> None:
    hook, secret = world.container.hooks.create(NEW, by=ADMINISTRATOR)
    for _ in range(2):
        sending.send([SendEvent(hook.id, EVENT)])

    [post] = world.outside.receivers.posts
    assert post.headers["webhook-id"] == EVENT.id
    at = world.outside.clock.now()
    assert Webhook(secret).sign(EVENT.id, at, post.body.decode()) == post.headers["webhook-signature"]


def test_what_is_not_taken_is_tried_again_until_it_is_given_up(world: World, sending: Sending) -> None:
    hook, _ = world.container.hooks.create(NEW, by=ADMINISTRATOR)
    world.outside.receivers.answers = [Answer(1, 500)] * (len(WAITS) + 1)
    queue = world.outside.hook_tasks
    queue.put([SendEvent(hook.id, EVENT)])
    while queue.waiting:
        (at, task), queue.waiting = queue.waiting[0], queue.waiting[1:]
        world.outside.clock.advance(max(at - world.outside.clock.now(), at - at))
        assert isinstance(task, SendEvent)
        sending.send([task])

    assert len(world.outside.receivers.posts) == len(WAITS) + 1
    assert queue.dead == [SendEvent(hook.id, EVENT, is_again=True)]
    [delivery] = world.outside.tables.deliveries.values()
    assert delivery.outcome is Outcome.FAILED


@pytest.mark.parametrize(("status", "why"), [(500, SwitchedOff.FAILING), (410, SwitchedOff.GONE)])
def test_a_hook_that_does_not_work_is_switched_off(
    world: World, sending: Sending, status: int, why: SwitchedOff
) -> None:
    hook, _ = world.container.hooks.create(NEW, by=ADMINISTRATOR)
    world.outside.receivers.answers = [Answer(1, status)] * 2
    sending.send([SendEvent(hook.id, EVENT)])
    if status == 500:
        world.outside.clock.advance(GIVEN_UP_AFTER)
        sending.send([SendEvent(hook.id, event_of(EventType.PEER_DELETED, T0, None, "2"))])

    assert world.container.hooks.get(hook.id, by=ADMINISTRATOR).off is why
