"""The token by which a peer enrols, and the device that used it."""

from datetime import timedelta

import pytest

from chalicelib.domain.peer.errors import EnrollmentRefused
from chalicelib.domain.peer.peer import EnrollmentToken
from tests.builders import T0
from tests.domain.tokens import TOKEN

ISSUED = EnrollmentToken(TOKEN.hashed(), T0 + timedelta(hours=24))


def test_the_same_device_may_use_its_token_again() -> None:
    used = ISSUED.used_by("device", T0)

    assert used.used_by("device", T0) == used


def test_another_device_may_not() -> None:
    with pytest.raises(EnrollmentRefused, match="another machine"):
        ISSUED.used_by("device", T0).used_by("thief", T0)


def test_a_token_is_good_until_just_before_it_expires() -> None:
    assert ISSUED.used_by("device", ISSUED.expires_at - timedelta(microseconds=1)).device_key == "device"
    with pytest.raises(EnrollmentRefused, match="expired"):
        ISSUED.used_by("device", ISSUED.expires_at)
