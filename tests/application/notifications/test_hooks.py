"""What people decide of webhooks."""

from dataclasses import replace

import pytest

from chalicelib.application.notifications.hooks import HookPatch, NewHook
from chalicelib.domain.errors import Invalid, Stale
from chalicelib.domain.identity.audit import AuditFilter
from chalicelib.domain.identity.errors import NotAllowed
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import DEPLOYMENT, HookId, NetworkId
from chalicelib.domain.unset import UNSET
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.delivery import Outcome
from chalicelib.domain.webhook.errors import DeliveryNotFound, HookNotFound, TooManyHooks
from chalicelib.domain.webhook.event import EventId, EventType
from chalicelib.domain.webhook.hook import MOST_HOOKS, SwitchedOff
from chalicelib.domain.webhook.signature import secret_text
from tests.builders import ADMINISTRATOR
from tests.world import World

NEW = NewHook(HookUrl("https", "hooks.example.org", 443, "/private-path"), "pager", None, None)
NOTHING = HookPatch(UNSET, UNSET, UNSET, UNSET, UNSET)
OPERATOR = replace(ADMINISTRATOR, role=Role.OPERATOR)


def test_a_hooks_secret_is_told_once_and_stored_sealed(world: World) -> None:
    hook, secret = world.container.hooks.create(NEW, by=ADMINISTRATOR)

    assert secret == secret_text(world.outside.vault.open(DEPLOYMENT, hook.secret))
    assert world.container.hooks.get(hook.id, by=ADMINISTRATOR) == hook
    assert secret not in repr(world.outside.tables)


def test_what_is_done_to_a_hook_is_audited_without_its_path(world: World) -> None:
    hooks = world.container.hooks
    hook, _ = hooks.create(NEW, by=ADMINISTRATOR)
    hooks.change(hook.id, replace(NOTHING, description="other"), by=ADMINISTRATOR)
    hooks.change(hook.id, NOTHING, by=ADMINISTRATOR)
    hooks.rotate(hook.id, by=ADMINISTRATOR)
    hooks.delete(hook.id, by=ADMINISTRATOR)

    records = world.outside.audit.page(AuditFilter(target_id=hook.id), 9).records
    assert [record.action for record in reversed(records)] == [
        "webhook_created",
        "webhook_changed",
        "webhook_secret_rotated",
        "webhook_deleted",
    ]
    assert "private-path" not in repr(records)
    with pytest.raises(HookNotFound):
        hooks.get(hook.id, by=ADMINISTRATOR)


def test_a_rotation_keeps_the_former_secret_for_a_time(world: World) -> None:
    hook, before = world.container.hooks.create(NEW, by=ADMINISTRATOR)
    rotated, after = world.container.hooks.rotate(hook.id, by=ADMINISTRATOR)

    assert before != after
    assert rotated.secrets(world.outside.clock.now()) == (rotated.secret, hook.secret)


def test_a_stale_change_writes_nothing(world: World) -> None:
    hook, _ = world.container.hooks.create(NEW, by=ADMINISTRATOR)
    off = replace(NOTHING, is_enabled=False)

    changed = world.container.hooks.change(hook.id, off, by=ADMINISTRATOR, if_match={1})

    assert (changed.off, changed.revision) == (SwitchedOff.BY_HAND, 2)
    with pytest.raises(Stale):
        world.container.hooks.change(hook.id, off, by=ADMINISTRATOR, if_match={1})


def test_an_operator_names_networks_that_there_are(world: World) -> None:
    hooks, lab = world.container.hooks, NetworkId(world.network())
    whole, _ = hooks.create(NEW, by=ADMINISTRATOR)

    with pytest.raises(NotAllowed):
        hooks.create(NEW, by=OPERATOR)
    with pytest.raises(Invalid):
        hooks.create(replace(NEW, networks=frozenset({NetworkId("net_none")})), by=OPERATOR)
    own, _ = hooks.create(replace(NEW, networks=frozenset({lab})), by=OPERATOR)
    with pytest.raises(HookNotFound):
        hooks.get(whole.id, by=OPERATOR)
    assert hooks.page(None, 50, by=OPERATOR) == ([own], None)
    assert hooks.page(None, 1, by=ADMINISTRATOR) == ([whole], whole.id)


def test_hooks_are_so_many_at_most(world: World) -> None:
    for _ in range(MOST_HOOKS):
        world.container.hooks.create(NEW, by=ADMINISTRATOR)

    with pytest.raises(TooManyHooks):
        world.container.hooks.create(NEW, by=ADMINISTRATOR)


def test_a_test_is_listed_and_sent_again_under_the_same_id(world: World) -> None:
    hooks = world.container.hooks
    hook, _ = hooks.create(NEW, by=ADMINISTRATOR)
    tested = hooks.test(hook.id, by=ADMINISTRATOR)
    again = hooks.redeliver(hook.id, tested.event.id, by=ADMINISTRATOR)

    assert (tested.event.type, tested.outcome) == (EventType.TEST, Outcome.WAITING)
    assert again.event == tested.event
    assert hooks.deliveries(hook.id, None, 9, by=ADMINISTRATOR) == ([tested], None)
    assert len(world.outside.hook_tasks.waiting) == 2
    with pytest.raises(DeliveryNotFound):
        hooks.redeliver(hook.id, EventId("evt_none"), by=ADMINISTRATOR)
    with pytest.raises(HookNotFound):
        hooks.redeliver(HookId("whk_none"), tested.event.id, by=ADMINISTRATOR)
