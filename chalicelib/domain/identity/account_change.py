"""What a written account means for those who are connected by it."""

from dataclasses import dataclass

from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """What a person may do is other, or they are gone: the sockets that they and their API tokens hold show what it
    was before."""

    person_id: PrincipalId


@dataclass(frozen=True, slots=True)
class TokenEnded:
    """An API token is gone."""

    token_id: PrincipalId


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Whom the deployment lets in of itself is other. None: as its parameters say."""

    before: DeploymentSettings | None
    after: DeploymentSettings | None


AccountChange = PersonChanged | TokenEnded | SettingsChanged


def change_of_user(before: User, after: User | None) -> PersonChanged | None:
    """None: it concerns nobody who may be connected."""
    if before.is_invited or (after is not None and after.revision == before.revision):
        return None
    return PersonChanged(before.id)


def change_of_settings(before: DeploymentSettings | None, after: DeploymentSettings | None) -> SettingsChanged | None:
    """None: the same people are let in."""
    if before is not None and after is not None and before.default_role == after.default_role:
        return None
    return SettingsChanged(before, after)
