"""What somebody did to a webhook, as a record of the audit log."""

from chalicelib.domain.identity.act import Act
from chalicelib.domain.identity.audit import Details, Target, TargetKind
from chalicelib.domain.webhook.hook import Hook


def act_on_hook(action: str, before: Hook | None, after: Hook | None) -> Act:
    """Raises ValueError: there is no hook, neither before nor after."""
    hook = after or before
    if hook is None:
        raise ValueError("an act on no webhook")
    target = Target(TargetKind.WEBHOOK, hook.id, hook.url.origin)
    return Act(action, target, _details(before), _details(after))


def _details(hook: Hook | None) -> Details | None:
    """Of its URL the path is left out, which holds a secret at many receivers; `path_sha256` tells whether it is
    another."""
    if hook is None:
        return None
    return {
        "url": hook.url.origin,
        "path_sha256": hook.url.target_hash,
        "description": hook.description,
        "events": None if hook.events is None else tuple(sorted(hook.events)),
        "networks": None if hook.networks is None else tuple(sorted(hook.networks)),
        "is_enabled": hook.off is None,
        "switched_off": None if hook.off is None else hook.off.value,
    }
