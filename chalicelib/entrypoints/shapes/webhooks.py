"""Webhooks between wire and values."""

from msgspec import UnsetType

from chalicelib.application.notifications.hooks import HookPatch, NewHook
from chalicelib.domain.identity.principal import WRITERS, Principal
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.text import parse_note
from chalicelib.domain.unset import UNSET, Unset
from chalicelib.domain.webhook.address import parse_hook_url
from chalicelib.domain.webhook.delivery import Delivery
from chalicelib.domain.webhook.event import CHOSEN, EventType
from chalicelib.domain.webhook.hook import Hook
from chalicelib.entrypoints.shapes.parsing import Check, parse_network_ids, sent
from chalicelib.wire import webhooks as wire


def new_hook(body: wire.CreateWebhook, to_loopback: bool) -> NewHook:
    check = Check()
    url = check(parse_hook_url, "url", body.url, to_loopback)
    description = check(_description, body.description)
    networks = check(_networks, body.networks)
    check.done()
    return NewHook(url, description, _events(body.events), networks)


def hook_patch(body: wire.PatchWebhook, to_loopback: bool) -> HookPatch:
    check = Check()
    patch = HookPatch(
        url=sent(body.url, lambda text: check(parse_hook_url, "url", text, to_loopback)),
        description=sent(body.description, lambda text: check(_description, text)),
        events=sent(body.events, _events),
        networks=sent(body.networks, lambda ids: check(_networks, ids)),
        is_enabled=_said(body.enabled),
    )
    check.done()
    return patch


def shown(hook: Hook, by: Principal) -> wire.Webhook:
    return wire.Webhook(
        id=hook.id,
        url=hook.url.text if by.role in WRITERS else hook.url.origin,
        description=hook.description,
        events=None if hook.events is None else sorted(hook.events),
        networks=None if hook.networks is None else sorted(hook.networks),
        enabled=hook.off is None,
        switched_off=None if hook.off is None else hook.off.value,
        failing_since=hook.failing_since,
        former_secret_until=hook.former_until,
        created_by=hook.created_by,
        created_at=hook.created_at,
        updated_at=hook.updated_at,
        revision=hook.revision,
    )


def delivery_shown(delivery: Delivery) -> wire.Delivery:
    event = delivery.event
    return wire.Delivery(
        id=event.id,
        event=event.type.value,
        at=event.at,
        network_id=event.network_id,
        data=dict(event.data),
        state=delivery.outcome.value,
        attempts=[
            wire.Attempt(
                at=attempt.at,
                ms=attempt.answer.ms,
                status=attempt.answer.status,
                answer=attempt.answer.text,
                error=attempt.answer.error,
            )
            for attempt in delivery.attempts
        ],
        next_at=delivery.next_at,
    )


def _events(names: list[wire.EventType] | None) -> frozenset[EventType] | None:
    """All that there are, chosen one by one, are those that there are now, and not those of tomorrow."""
    return None if names is None else CHOSEN & frozenset(map(EventType, names))


def _networks(ids: list[str] | None) -> frozenset[NetworkId] | None:
    return None if ids is None else parse_network_ids("networks", ids)


def _description(text: str) -> str:
    return parse_note("description", text) or ""


def _said(value: bool | UnsetType) -> bool | Unset:
    return UNSET if isinstance(value, UnsetType) else value
