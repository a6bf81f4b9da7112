"""When a join key makes peers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.errors import JoinKeyExpired, JoinKeyRevoked, JoinKeyUsedUp
from chalicelib.domain.identity.join_key import JoinKey, JoinKeyState
from tests.builders import T0, a_join_key

SECOND = timedelta(seconds=1)
KEY = a_join_key(uses=2, expires_at=T0 + timedelta(days=1))


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (KEY, JoinKeyState.ACTIVE),
        (replace(KEY, used=1), JoinKeyState.ACTIVE),
        (replace(KEY, used=2), JoinKeyState.USED_UP),
        (replace(KEY, uses=None, used=10_000), JoinKeyState.ACTIVE),
        (replace(KEY, expires_at=T0 + SECOND), JoinKeyState.ACTIVE),
        (replace(KEY, expires_at=T0), JoinKeyState.EXPIRED),
        (replace(KEY, expires_at=T0, used=2), JoinKeyState.EXPIRED),
        (replace(KEY, revoked_at=T0, expires_at=T0, used=2), JoinKeyState.REVOKED),
    ],
)
def test_a_key_is_in_one_state(key: JoinKey, state: JoinKeyState) -> None:
    assert key.state(T0) is state


@pytest.mark.parametrize(
    ("key", "refusal"),
    [
        (replace(KEY, used=2), JoinKeyUsedUp),
        (replace(KEY, expires_at=T0), JoinKeyExpired),
        (replace(KEY, revoked_at=T0), JoinKeyRevoked),
    ],
)
def test_a_key_that_makes_no_more_peers_says_why(key: JoinKey, refusal: type[Refusal]) -> None:
    KEY.require_active(T0)

    with pytest.raises(refusal):
        key.require_active(T0)
