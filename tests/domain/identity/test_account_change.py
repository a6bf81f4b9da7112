"""Which written accounts mean something for those who are connected."""

from dataclasses import replace

from chalicelib.domain.identity.account_change import (
    PersonChanged,
    SettingsChanged,
    change_of_settings,
    change_of_user,
)
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId, Revision
from tests.builders import T0

ANA = User(PrincipalId("usr_ana"), "https://idp", "sub", "ana@example.com", "Ana", T0, Role.MEMBER)


def test_a_record_at_another_revision_and_one_that_is_gone_mean_something() -> None:
    assert change_of_user(ANA, replace(ANA, revision=Revision(2))) == PersonChanged(ANA.id)
    assert change_of_user(ANA, None) == PersonChanged(ANA.id)
    assert change_of_user(ANA, replace(ANA, last_seen_at=T0)) is None


def test_nobody_is_connected_by_an_invitation() -> None:
    assert change_of_user(replace(ANA, subject=None), None) is None


def test_another_default_role_means_something_and_another_limit_nothing() -> None:
    before = DeploymentSettings(Role.MEMBER, 5, Revision(1))
    after = replace(before, default_role=None, revision=Revision(2))

    assert change_of_settings(before, after) == SettingsChanged(before, after)
    assert change_of_settings(None, after) == SettingsChanged(None, after)
    assert change_of_settings(before, replace(before, member_peer_limit=6)) is None
