"""What the audit log says of people and settings."""

from dataclasses import replace

import pytest

from chalicelib.domain.identity.act import act_on_settings, act_on_user
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Role, job
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId
from tests.builders import T0

ANA = User(PrincipalId("usr_ana"), "https://idp", "sub", "ana@example.com", "Ana", T0, Role.MEMBER)


def test_a_change_is_told_by_what_it_changed() -> None:
    after = replace(ANA, role=Role.OPERATOR, name="Anna")

    record = act_on_user("user_changed", ANA, after).record(AuditId("aud_1"), T0, job("test"))

    assert (record.before, record.after) == ({"role": "member"}, {"role": "operator"})
    assert (record.target.id, record.target.name, record.network_id) == (ANA.id, "Anna", None)


def test_what_comes_and_what_goes_is_told_whole() -> None:
    joined = act_on_user("user_joined", None, ANA).record(AuditId("aud_1"), T0, job("test"))
    removed = act_on_user("user_removed", ANA, None).record(AuditId("aud_2"), T0, job("test"))

    assert joined.before is removed.after is None
    assert joined.after == removed.before
    assert joined.after == {
        "email": "ana@example.com",
        "role": "member",
        "group_role": None,
        "networks": None,
        "is_suspended": False,
    }
    with pytest.raises(ValueError, match="no user"):
        act_on_user("user_removed", None, None)


def test_settings_are_told_by_what_is_other() -> None:
    before = DeploymentSettings(None, 5)

    record = act_on_settings(before, replace(before, member_peer_limit=6)).record(AuditId("aud_1"), T0, job("test"))

    assert (record.before, record.after) == ({"member_peer_limit": 5}, {"member_peer_limit": 6})
