"""What somebody did to a person, a token or the deployment's settings, as a record of the audit log."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.identity.audit import AuditId, AuditRecord, Details, Target, TargetKind
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Caller
from chalicelib.domain.identity.user import User


@dataclass(frozen=True, slots=True)
class Act:
    """`before`, `after`: the details of the target, None: there was nothing, or is nothing left."""

    action: str
    target: Target
    before: Details | None = None
    after: Details | None = None

    def record(self, audit_id: AuditId, at: datetime, by: Caller) -> AuditRecord:
        """With those details alone that the act changed."""
        before, after = self.before, self.after
        if before is not None and after is not None:
            names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
            before, after = {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
        return AuditRecord(
            id=audit_id,
            at=at,
            actor=by.actor,
            source=by.source,
            action=self.action,
            target=self.target,
            before=before,
            after=after,
            request_id=by.request_id,
        )


def act_on_user(action: str, before: User | None, after: User | None) -> Act:
    """Raises ValueError: there is no user, neither before nor after."""
    user = after or before
    if user is None:
        raise ValueError("an act on no user")
    return Act(action, Target(TargetKind.USER, user.id, user.called), _of_user(before), _of_user(after))


def act_on_settings(before: DeploymentSettings, after: DeploymentSettings) -> Act:
    target = Target(TargetKind.SETTINGS, "settings", "settings of the deployment")
    return Act("settings_changed", target, _of_settings(before), _of_settings(after))


def _of_user(user: User | None) -> Details | None:
    if user is None:
        return None
    return {
        "email": user.email,
        "role": None if user.role is None else user.role.value,
        "group_role": None if user.group_role is None else user.group_role.value,
        "networks": None if user.networks is None else tuple(sorted(user.networks)),
        "is_suspended": user.is_suspended,
    }


def _of_settings(settings: DeploymentSettings) -> Details:
    role = None if settings.default_role is None else settings.default_role.value
    return {"default_role": role, "member_peer_limit": settings.member_peer_limit}
